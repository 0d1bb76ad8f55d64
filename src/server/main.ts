import { MACHINE_SERVICES } from './machineKinds.js';
import { main } from './run.js';

main({ path: __filename, services: MACHINE_SERVICES });
