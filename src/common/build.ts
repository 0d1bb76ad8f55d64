declare const CM_VERSION: string | undefined;
declare const CM_BUILD: string | undefined;

/** Version of the package; `0.0.0` when the code was not built by the build script. */
export const VERSION: string = typeof CM_VERSION === 'string' ? CM_VERSION : '0.0.0';
/** Hash of the sources. */
export const BUILD: string = typeof CM_BUILD === 'string' ? CM_BUILD : 'dev';
