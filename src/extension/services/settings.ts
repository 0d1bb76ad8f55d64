import * as vscode from 'vscode';
import type { NotificationSetting } from '../model/notices.js';
import type { GroupBy } from '../model/sessionTree.js';

/** Every setting with the value it has when the person has set none; the manifest says the same. */
export const SETTINGS = {
  'sessions.openWith': 'log' as 'log' | 'terminal',
  'sessions.groupBy': 'status' as GroupBy,
  notifications: 'needsInput' as NotificationSetting,
  'statusBar.enabled': true as boolean,
  defaultTool: '' as string,
  'logs.tailKiB': 256 as number,
  'tmux.path': '' as string,
  retentionDays: 30 as number,
};
export type SettingValues = typeof SETTINGS;
export type SettingKey = keyof SettingValues;

const SECTION = 'codeManager';

/** Typed reading of the settings. A value of the wrong type counts as not set. */
export class Settings {
  get<K extends SettingKey>(key: K): SettingValues[K] {
    const value = vscode.workspace.getConfiguration(SECTION).get<SettingValues[K]>(key);
    return value !== undefined && typeof value === typeof SETTINGS[key] ? value : SETTINGS[key];
  }

  /** What the person has set themselves, undefined when nothing. */
  own<K extends SettingKey>(key: K): SettingValues[K] | undefined {
    const found = vscode.workspace.getConfiguration(SECTION).inspect<SettingValues[K]>(key);
    const value = found?.globalValue;
    return value !== undefined && typeof value === typeof SETTINGS[key] ? value : undefined;
  }

  async set<K extends SettingKey>(key: K, value: SettingValues[K]): Promise<void> {
    await vscode.workspace.getConfiguration(SECTION).update(key, value, vscode.ConfigurationTarget.Global);
  }

  onDidChange(keys: readonly SettingKey[], listener: () => void): vscode.Disposable {
    return vscode.workspace.onDidChangeConfiguration((event) => {
      if (keys.some((key) => event.affectsConfiguration(`${SECTION}.${key}`))) listener();
    });
  }
}
