import { BUILD, VERSION } from '../common/build.js';
import type { App } from './app.js';

export async function version({ output }: App): Promise<void> {
  await (output.json ? output.record({ version: VERSION, build: BUILD }) : output.lines([VERSION]));
}
