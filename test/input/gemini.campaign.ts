import { inputCampaign } from './runInput.js';

inputCampaign({ name: 'gemini', reach: 'path', mode: 'default', trust: ['●', 'Trust folder'] });
