import type { NotificationSetting } from '../../view/notices.js';
import type { GroupBy } from '../../view/sessionTree.js';

/** Every setting with the value it has when the person has set none; the manifest says the same. */
export const SETTINGS = {
  'sessions.openWith': 'log' as 'log' | 'terminal',
  'sessions.groupBy': 'status' as GroupBy,
  notifications: 'needsInput' as NotificationSetting,
  desktopNotifications: 'whenUnfocused' as 'whenUnfocused' | 'off',
  'statusBar.enabled': true as boolean,
  defaultTool: '' as string,
  'logs.tailKiB': 256 as number,
  'tmux.path': '' as string,
  retentionDays: 30 as number,
};
export type SettingValues = typeof SETTINGS;
export type SettingKey = keyof SettingValues;
