import { ensurePrograms } from './systemPackages.mjs';

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Starts the system's Chromium without a window.
 * @returns {Promise<import('playwright-core').Browser>}
 */
export async function launchBrowser() {
  const { chromium } = await import('playwright-core');
  const { chromium: executablePath } = await ensurePrograms(['chromium']);
  return await chromium.launch({ ...(executablePath === undefined ? {} : { executablePath }), args: flags });
}
