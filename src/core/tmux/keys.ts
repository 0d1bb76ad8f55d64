import { CodeManagerError } from '../../protocol/errors.js';
import { tmuxCommand } from '../../common/quote.js';

// tmux types a name that it does not know as if it were text, so only what it knows may pass.
const NAMED_KEYS =
  /^(?:(?:[CMS]-)*(?:Enter|Escape|Space|BSpace|Up|Down|Left|Right|Home|End|PageUp|PageDown|PPage|NPage|PgUp|PgDn|DC|Delete|IC|Insert|F(?:[1-9]|1[0-2]))|(?:[CM]-)*B?Tab|S-Tab|M-[!-~]|(?:C-|C-M-|M-C-)[A-Za-z@[\\\]^_?])$/;

/** True for a tmux key name or a single visible character. */
function isKeyName(key: string): boolean {
  return NAMED_KEYS.test(key) || (/^\P{C}$/u.test(key) && key !== ' ');
}

/**
 * The commands that press keys in a pane, one after another.
 *
 * @throws CodeManagerError `invalid` for a name that is no key
 */
export function keyCommands(pane: string, keys: readonly string[]): readonly string[] {
  return keys.map((key) => {
    if (!isKeyName(key)) {
      throw new CodeManagerError('invalid', `The word “${key.slice(0, 40)}” is not a key`, {
        hint: 'Use a name such as Enter, Escape, Up, C-c, M-x, F1, or one letter; a text goes by cm send.',
      });
    }
    // One character after -l is itself, whatever it means as a name.
    if ([...key].length === 1) return tmuxCommand('send-keys', '-t', pane, '-l', key);
    return tmuxCommand('send-keys', '-t', pane, key === 'S-Tab' ? 'BTab' : key);
  });
}
