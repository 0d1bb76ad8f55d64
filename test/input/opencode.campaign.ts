import { inputCampaign } from './runInput.js';

inputCampaign({ name: 'opencode', reach: 'own file', mode: 'build' });
