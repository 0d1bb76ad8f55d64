import * as vscode from 'vscode';
import { SETTINGS, type SettingKey, type SettingValues } from '../model/settingValues.js';

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
