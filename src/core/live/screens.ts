import { delay } from '../../common/async.js';
import type { ScreenJudgement } from '../../protocol/judgement.js';
import type { JudgedTool } from '../state/judgeScreen.js';
import { stillWorks } from '../state/stillWorks.js';
import { withStyledCursor } from '../state/styledCursor.js';
import type { SessionScope } from './sessionScope.js';
import type { ReadBox } from './textInput.js';

/** What is known of a tool whose file has gone. */
const NO_RULES: JudgedTool = { startup: { dialogs: [], ready: [], stableMs: 0, loading: [] } };

/** A screen on which nothing tells may be being drawn: it is looked at so often before that counts. */
const MOST_LOOKS = 5;
const LOOK_EVERY_MS = 100;

/** A screen and what it says. */
export interface SeenScreen extends ScreenJudgement {
  /** As tmux prints it. */
  readonly screen: string;
}

/** Reads the screens of sessions when somebody needs to know what they show at this moment. */
export class Screens {
  readonly #scope: SessionScope;

  constructor(scope: SessionScope) {
    this.#scope = scope;
  }

  /** Reads the screen of a session now, lets whoever watches it see it, and says what it shows. */
  async look(id: string): Promise<SeenScreen> {
    const { tmux, table, live: sessions, tool: find, clock } = this.#scope;
    const live = sessions.need(id);
    await live.state?.redrawn();
    // Colours say which option is chosen where nothing else does.
    const text = await tmux.screen(live.pane.pane, { styled: true });
    await live.startup?.see(text);
    const tool = find(table.get(id)?.tool ?? '') ?? NO_RULES;
    const { look } = live;
    const judgement = await (live.state?.see(text) ?? look.screen(tool, text, clock.now(), live.pane.columns));
    return { ...withStyledCursor(judgement, text), screen: text };
  }

  /** A session works at this moment, as far as can be seen. */
  async works(id: string): Promise<boolean> {
    const { table, tool, live } = this.#scope;
    const isRead = tool(table.get(id)?.tool ?? '')?.screen !== undefined;
    let seen: SeenScreen | undefined;
    for (let looks = 0; isRead && looks < MOST_LOOKS && (seen === undefined || seen.rule === null); looks++) {
      if (looks > 0) await delay(LOOK_EVERY_MS);
      if (live.get(id) === undefined) return false;
      seen = await this.look(id);
    }
    return stillWorks(seen, live.get(id)?.state?.known.model.verdict);
  }

  /** Reads the input box of a session; undefined when it is not known to have one. */
  box(id: string): ReadBox | undefined {
    const { table, tool } = this.#scope;
    const rules = tool(table.get(id)?.tool ?? '')?.screen;
    if (rules?.box === undefined && rules?.area === undefined) return undefined;
    return () => this.look(id);
  }
}
