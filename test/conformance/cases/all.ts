import type { Case } from '../desk.js';
import { answerCases } from './answers.js';
import { contextCases } from './contexts.js';
import { endingCases } from './endings.js';
import { environmentCases } from './environment.js';
import { eventCases } from './events.js';
import { gitCases } from './git.js';
import { hostileCases } from './hostile.js';
import { inputCases } from './input.js';
import { logCases } from './logs.js';
import { missingCases } from './missing.js';
import { policyCases } from './policies.js';
import { recordCases } from './records.js';
import { stateCases } from './states.js';
import { terminalCases } from './terminals.js';
import { toolCases } from './tools.js';

export const cases: readonly Case[] = [
  ...recordCases,
  ...endingCases,
  ...inputCases,
  ...logCases,
  ...environmentCases,
  ...hostileCases,
  ...missingCases,
  ...contextCases,
  ...toolCases,
  ...stateCases,
  ...policyCases,
  ...answerCases,
  ...eventCases,
  ...gitCases,
  ...terminalCases,
];
