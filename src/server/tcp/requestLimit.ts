import type { WebSocket } from 'ws';
import { systemClock, type Clock } from '../../common/async.js';

/** A client's own start-up asks for hundreds of things at once, a person for a few a second. */
const BURST = 1000;
const PER_SECOND = 200;

/** Reads no further from a client that sends more messages than anybody needs, until its rate is what it should be. */
export function limitRequests(socket: WebSocket, clock: Clock = systemClock): void {
  let tokens = BURST;
  let last = clock.now();
  let waiting = false;
  socket.on('message', () => {
    const now = clock.now();
    tokens = Math.min(BURST, tokens + ((now - last) * PER_SECOND) / 1000) - 1;
    last = now;
    if (tokens >= 0 || waiting) return;
    waiting = true;
    socket.pause();
    clock.after((-tokens * 1000) / PER_SECOND + 1, () => {
      waiting = false;
      if (socket.readyState === socket.OPEN) socket.resume();
    });
  });
}
