import type { Conversation, ConversationFormat } from '../../protocol/conversation.js';
import { parseClaude } from './claudeFormat.js';
import { parseCodex } from './codexFormat.js';
import { parseGemini } from './geminiFormat.js';
import { parseOpencode } from './opencodeFormat.js';

/** Reads the text of a record in the common shape. Broken or unknown parts are left out, never an error. */
export type ParseConversation = (id: string, text: string) => Conversation;

export const PARSERS: Readonly<Record<ConversationFormat, ParseConversation>> = {
  claude: parseClaude,
  codex: parseCodex,
  gemini: parseGemini,
  opencode: parseOpencode,
};
