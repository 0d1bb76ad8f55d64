import { inputCampaign } from './runInput.js';

inputCampaign({ name: 'codex', reach: 'path', mode: 'auto', trust: ['›', 'Trust and continue'] });
