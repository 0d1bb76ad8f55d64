import { toDisposable, type Disposable } from '../../common/disposable.js';
import type { LogSize } from '../../protocol/logSize.js';
import type { LogSink } from '../machine/machineService.js';
import type { LogFeedOptions } from './logFeed.js';

interface Feed extends Disposable {
  onClosed(): void;
}

/** Who follows the logs of a machine, each by a feed of its own, until that ends, fails or is released. */
export class LogFollowers<F extends Feed> implements Disposable {
  readonly #followers = new Map<string, Set<{ readonly feed: F; readonly sink: LogSink }>>();

  /**
   * @param id session whose log it is
   * @param create makes the feed, which writes to the sink that it is given
   */
  add(
    id: string,
    sink: LogSink,
    create: (sink: LogFeedOptions['sink']) => F,
  ): { readonly feed: F; readonly release: Disposable } {
    const followers = this.#followers.get(id) ?? new Set();
    this.#followers.set(id, followers);
    const forget = (): void => {
      followers.delete(follower);
      if (followers.size === 0 && this.#followers.get(id) === followers) this.#followers.delete(id);
    };
    const feed = create({
      write: (at, bytes) => sink.write(at, bytes),
      end: (at) => {
        forget();
        sink.end(at);
      },
      fail: (error) => {
        forget();
        sink.fail(error);
      },
    });
    const follower = { feed, sink };
    followers.add(follower);
    const release = toDisposable(() => {
      forget();
      feed.dispose();
    });
    return { feed, release };
  }

  /** The feeds of one log. */
  of(id: string): readonly F[] {
    return Array.from(this.#followers.get(id) ?? [], ({ feed }) => feed);
  }

  all(): readonly F[] {
    return [...this.#followers.keys()].flatMap((id) => this.of(id));
  }

  /** The terminal has this size from now on. */
  resized(id: string, size: LogSize): void {
    for (const { sink } of this.#followers.get(id) ?? []) sink.resized(size);
  }

  /** The log has its last byte. */
  onClosed(id: string): void {
    for (const feed of this.of(id)) feed.onClosed();
  }

  dispose(): void {
    for (const feed of this.all()) feed.dispose();
    this.#followers.clear();
  }
}
