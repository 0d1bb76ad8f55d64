import { inputCampaign } from './runInput.js';

inputCampaign({ name: 'claude', reach: 'alias', mode: 'default', trust: ['❯', 'Yes, I trust this folder'] });
