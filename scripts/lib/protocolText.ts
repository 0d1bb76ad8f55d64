import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import prettier from 'prettier';
import * as z from 'zod';
import { accessOf, isRepeatable, PROTOCOL_VERSIONS, REQUESTS, type Method } from '../../src/protocol/requests.js';

/** The text of docs/protocol.md. @param root of the checkout */
export async function protocolText(root: string): Promise<string> {
  const sources = ['requests.ts', 'sessionRequests.ts'].map((name) =>
    readFileSync(join(root, 'src/protocol', name), 'utf8'),
  );
  const entries = (Object.keys(REQUESTS) as Method[]).map((method) => entryText(method, sources));
  const text = `# The wire

JSON-RPC 2.0 in WebSocket messages, over a unix socket of the agent server or TLS with a token; version ${PROTOCOL_VERSIONS.join(', ')}. The first request is
\`initialize\`; with \`subscribe\` its answer has all that is known, and \`event\` notifications with sequence numbers follow (\`src/protocol/events.ts\`).
Bytes of logs and terminals are binary frames of their subscription. Errors have a \`code\`, a \`message\` in one or two sentences and a \`hint\` (\`src/protocol/errors.ts\`).

This page is written by \`node scripts/protocol.mjs\` from \`src/protocol\`; a test holds that it is current.

${entries.join('\n\n')}
`;
  return prettier.format(text, { parser: 'markdown', printWidth: 120 });
}

function entryText(method: Method, sources: readonly string[]): string {
  const { params, result } = REQUESTS[method];
  const access = accessOf(method, { create: true, force: true, readOnly: false } as never);
  const facts = [
    access.kind === 'read' ? 'Only reads' : `May ${access.words}`,
    isRepeatable(method) ? 'may be repeated after a cut' : 'is not repeated after a cut',
  ].join('; ');
  const said = sources.map((source) => commentOf(method, source)).find((text) => text !== '') ?? '';
  return [
    `## \`${method}\``,
    ...(said === '' ? [] : ['', said]),
    '',
    `${facts}.`,
    '',
    `- takes \`${shape(params)}\``,
    `- answers \`${shape(result)}\``,
  ].join('\n');
}

/** The docstring right before an entry. */
function commentOf(method: string, source: string): string {
  const name = /^\w+$/.test(method) ? method : `'${method}'`;
  const at = source.indexOf(`\n  ${name}: request(`);
  if (at < 0) return '';
  const before = source.slice(0, at).trimEnd();
  if (!before.endsWith('*/')) return '';
  const comment = before.slice(before.lastIndexOf('/**') + 3, -2);
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\*? ?/, '').trim())
    .filter((line) => line !== '')
    .join(' ');
}

/** The names of the fields at the top, with a question mark behind those that may be left out. */
function shape(type: z.ZodType): string {
  const schema = z.toJSONSchema(type, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  return shapeOf(schema);
}

interface JsonSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

function shapeOf({ type, properties, required = [], items, anyOf }: JsonSchema): string {
  if (anyOf !== undefined) return [...new Set(anyOf.map(shapeOf))].join(' | ');
  if (type === 'array') return `${items === undefined ? 'any' : shapeOf(items)}[]`;
  if (properties === undefined) return type ?? 'any';
  const names = Object.keys(properties).map((name) => (required.includes(name) ? name : `${name}?`));
  return names.length === 0 ? '{}' : `{ ${names.join(', ')} }`;
}
