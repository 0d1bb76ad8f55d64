import * as z from 'zod';
import { ServerEvent } from './events.js';
import { WireError } from './errors.js';
import { LogSize } from './logSize.js';
import { Progress, Question } from './question.js';

/** JSON-RPC 2.0 in text frames. */
export const RequestMessage = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.number()]),
  method: z.string(),
  params: z.unknown().optional(),
});
export type RequestMessage = z.infer<typeof RequestMessage>;

export const ResponseMessage = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.number(), z.null()]),
  result: z.unknown().optional(),
  /** `data.code` says what it is; the number only tells wrong envelopes (-32600 …) from failed requests (-32000). */
  error: z.object({ code: z.number().int(), message: z.string(), data: WireError.optional() }).optional(),
});
export type ResponseMessage = z.infer<typeof ResponseMessage>;

/** What the server says unasked. */
export const Notification = z.discriminatedUnion('method', [
  z.object({ jsonrpc: z.literal('2.0'), method: z.literal('event'), params: ServerEvent }),
  /** No more bytes will come for this subscription: the session has ended and its log is complete up to `offset`. */
  z.object({
    jsonrpc: z.literal('2.0'),
    method: z.literal('log/end'),
    params: z.object({ subscription: z.number().int(), offset: z.number().int() }),
  }),
  /** The terminal has another size from `offset` on. Comes before the first byte there, maybe long before. */
  z.object({
    jsonrpc: z.literal('2.0'),
    method: z.literal('log/resized'),
    params: LogSize.extend({ subscription: z.number().int() }),
  }),
  /** Only to the client whose request needs the answer; answered by `question/answer`. */
  z.object({ jsonrpc: z.literal('2.0'), method: z.literal('question'), params: Question }),
  /** The answer is not needed any more. */
  z.object({
    jsonrpc: z.literal('2.0'),
    method: z.literal('question/withdrawn'),
    params: z.object({ id: z.string() }),
  }),
  /** Only to the client that asked for the operation. */
  z.object({ jsonrpc: z.literal('2.0'), method: z.literal('progress'), params: Progress }),
  /** The program of a terminal has ended, or the way to it. */
  z.object({
    jsonrpc: z.literal('2.0'),
    method: z.literal('terminal/exit'),
    params: z.object({ terminal: z.number().int(), code: z.number().int().nullable() }),
  }),
]);
export type Notification = z.infer<typeof Notification>;

/** Largest text frame either side accepts, in bytes. */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

const HEADER_BYTES = 12;

/**
 * A binary frame: id (uint32), offset of its first byte (uint64), then bytes. Big-endian. From the server: bytes of a
 * log or a terminal, whose ids are of one series. From the client: what was typed into a terminal.
 */
export function encodeLogFrame(subscription: number, offset: number, bytes: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES + bytes.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, subscription);
  view.setBigUint64(4, BigInt(offset));
  frame.set(bytes, HEADER_BYTES);
  return frame;
}

export interface LogFrame {
  readonly subscription: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Undefined when the frame is too short to be one. */
export function decodeLogFrame(frame: Uint8Array): LogFrame | undefined {
  if (frame.length < HEADER_BYTES) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  return { subscription: view.getUint32(0), offset: Number(view.getBigUint64(4)), bytes: frame.subarray(HEADER_BYTES) };
}
