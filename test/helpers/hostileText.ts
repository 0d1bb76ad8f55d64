/** One line each, and each would leave the file `run` in the home if anything ran it. */
export const HOSTILE: readonly string[] = [
  `it's "quoted"`,
  '$(touch "$HOME/run") `touch $HOME/run`',
  '; touch $HOME/run #',
  '#{pane_id} #(touch $HOME/run) #[fg=red]',
  '%H:%M %% %1 @1 $1 =x:y.z',
  '-n --help',
  '{node} {task} {media}',
  'emoji 🦊 and ümläuts 漢字',
  '~ * ? [a] \\ \\n !! ^x',
];

/** Leaves the file `run` in the home where an editor makes a link of it and somebody clicks. */
const CLICKED = encodeURIComponent(JSON.stringify(['touch "$HOME/run"']));

const SCHEMES = ['command:codeManager.hostile.clicked', 'https://hostile.example/x', 'http://hostile.example/x'];
const MORE_SCHEMES = [
  'file:///etc/passwd',
  'vscode://hostile.ext/x',
  'vscode-insiders://x.y/z',
  'javascript:alert(1)',
  'data:text/html,x',
  'mailto:x@hostile.example',
];

/** What an editor or a browser could make a link, an icon, an image or markup of. */
export const HOSTILE_MARKUP: readonly string[] = [
  ...[...SCHEMES, ...MORE_SCHEMES].flatMap((href) => [
    `[Fix it](${href})`,
    `<${href}>`,
    `<a href="${href}">Fix it</a>`,
  ]),
  `[Fix it](command:codeManager.hostile.clicked?${CLICKED})`,
  `[Fix it](command:codeManager.hostile.clicked?${CLICKED} "a title")`,
  '[a[b]c](command:codeManager.hostile.clicked)',
  '[[Fix it]](command:codeManager.hostile.clicked)',
  '[Fix\tit]\t(COMMAND:codeManager.hostile.clicked)',
  '[Fix it]\n(command:codeManager.hostile.clicked)',
  '[Fix it][ref]\n\n[ref]: command:codeManager.hostile.clicked',
  '![image](https://hostile.example/x.png) <img src=x onerror=alert(1)> <b>bold</b>',
  '$(alert) $(sync~spin) \\$(alert) $($(alert)) \\\\$(alert)',
  '**bold** _it_ `code` ```js\nfence\n``` # head\n- item\n1. item\n> quote\n===\n| a | b |',
  'www.hostile.example hostile@hostile.example https://hostile.example',
  '&lt;b&gt; &#91;x&#93;&#40;command:x&#41; <!-- x --> <script>alert(1)</script>',
];

/** Code points that reverse, join or hide, in some text. */
export const HOSTILE_UNSEEN: readonly string[] = [
  ...'\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c',
  ...'\u200b\u200c\u200d\u2060\u2061\u2064\u206a\u206f\ufeff\u00ad\u034f\u180e\u115f\u3164\uffa0\ufff9\ufffb\ufe0f\ufe00',
  ...'\u{e0001}\u{e0041}\u{e007f}\u{e0100}\u{1d173}\u{1bca0}\u2028\u2029\ufffe\ufdd0',
  '\ud83d',
  '\udc00',
  'a' + '\u0336'.repeat(40),
].map((letter) => `./mark${letter} yes`);

/** Sequences that a terminal would obey. */
export const HOSTILE_SEQUENCES: readonly string[] = [
  'a\x1b[31mred\x1b[0m \x1b[2J\x1b[H \x1b[8mhidden\x1b[28m \x1b[1A\x1b[2K',
  'a\x1b]0;title\x07 \x1b]2;title\x1b\\ \x1b]52;c;cm0gLXJm\x07 \x1b]8;;command:codeManager.hostile.clicked\x1b\\link\x1b]8;;\x1b\\',
  'a\x1bP$q"p\x1b\\ \x1bPtmux;\x1b\x1b]52;c;cm0gLXJm\x07\x1b\\ \x1b_apc\x1b\\ \x1b^pm\x1b\\ \x1bX sos\x1b\\',
  'a\x9b31mred \x9d52;c;cm0gLXJm\x9c \x90dcs\x9c \x85next \x84ind \x8dup \x9f',
  'a\x1bc \x1b(0lqk\x1b(B \x1b[6n \x1b[c \x1b[?1049h \x1b#8 \x1b%G',
  'bell\x07 back\x08\x08\x08\x08 nul\x00 del\x7f shift\x0e\x0f enq\x05',
  'one\rtwo\r\nthree\nfour\x0bfive\x0csix\u2028seven\u2029eight\ttab',
  'a\x1b[',
  'a\x1b]52;c;cm0gLXJm',
];

/** One megabyte of each kind. */
export const HOSTILE_LONG: readonly string[] = [
  'x',
  ' ',
  '\n',
  '\u202e',
  '\x1b[31m',
  '[',
  '[a](command:b)',
  '$(a)',
  '👩‍💻',
  'e\u0301',
  '<',
].map((part) => `a${part.repeat(Math.ceil(1_000_000 / part.length))}b`);

/** All text that attackers may have put into a name, a title, a message or a file. */
export const ALL_HOSTILE: readonly string[] = [
  ...HOSTILE,
  ...HOSTILE_MARKUP,
  ...HOSTILE_UNSEEN,
  ...HOSTILE_SEQUENCES,
  ...HOSTILE_LONG,
];

/** A terminal would obey it, or people would not see it; emoji may be joined. */
export const NEVER_SHOWN =
  /\u034f|[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e0fff}]/u;
