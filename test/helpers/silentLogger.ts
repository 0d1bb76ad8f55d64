import type { Logger } from '../../src/common/logger.js';

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
