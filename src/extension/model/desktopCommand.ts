/** A program that shows a notice on the desktop, with its arguments. */
export interface DesktopCommand {
  readonly program: string;
  readonly args: readonly string[];
}

const TITLE = 'Code Manager';

/**
 * How a line is shown on the desktop of a system; undefined where no way is known. The text reaches the program as an
 * argument or as data, never as code.
 *
 * @param isWsl Linux inside Windows, whose desktop is that of Windows
 */
export function desktopCommand(
  platform: NodeJS.Platform,
  text: string,
  { isWsl = false } = {},
): DesktopCommand | undefined {
  if (platform === 'win32' || isWsl) return byPowerShell(text);
  if (platform === 'darwin') {
    const script = ['on run argv', 'display notification (item 1 of argv) with title (item 2 of argv)', 'end run'];
    return { program: 'osascript', args: [...script.flatMap((line) => ['-e', line]), '--', text, TITLE] };
  }
  if (platform !== 'linux' && platform !== 'freebsd' && platform !== 'openbsd') return undefined;
  // Many desktops read the body as markup.
  const body = text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  return { program: 'notify-send', args: ['--app-name', TITLE, '--', TITLE, body] };
}

/** Under the name of a program that every Windows lets show notices. */
const POWERSHELL_APP = '{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}\\WindowsPowerShell\\v1.0\\powershell.exe';

function byPowerShell(text: string): DesktopCommand {
  const data = (value: string): string =>
    `[Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('${Buffer.from(value, 'utf8').toString('base64')}'))`;
  const script = [
    "$ErrorActionPreference = 'Stop'",
    '$manager = [Windows.UI.Notifications.ToastNotificationManager, Windows.UI.Notifications, ContentType = WindowsRuntime]',
    '$xml = $manager::GetTemplateContent([Windows.UI.Notifications.ToastTemplateType]::ToastText02)',
    "$texts = $xml.GetElementsByTagName('text')",
    `[void]$texts.Item(0).AppendChild($xml.CreateTextNode(${data(TITLE)}))`,
    `[void]$texts.Item(1).AppendChild($xml.CreateTextNode(${data(text)}))`,
    '$toast = [Windows.UI.Notifications.ToastNotification, Windows.UI.Notifications, ContentType = WindowsRuntime]::new($xml)',
    `$manager::CreateToastNotifier(${data(POWERSHELL_APP)}).Show($toast)`,
  ].join('\n');
  const encoded = Buffer.from(script, 'utf16le').toString('base64');
  return { program: 'powershell.exe', args: ['-NoProfile', '-NonInteractive', '-EncodedCommand', encoded] };
}
