declare const CM_VERSION: string | undefined;
declare const CM_BUILD: string | undefined;
declare const CM_WATCHED: boolean | undefined;

/** Version of the package; `0.0.0` when the code was not built by the build script. */
export const VERSION: string = typeof CM_VERSION === 'string' ? CM_VERSION : '0.0.0';
/** Hash of the sources. */
export const BUILD: string = typeof CM_BUILD === 'string' ? CM_BUILD : 'dev';
/** Built by `npm run watch`. */
export const IS_WATCHED: boolean = typeof CM_WATCHED === 'boolean' && CM_WATCHED;
/** The file beside the bundles that has the hash of their sources. */
export const BUILD_FILE = 'build.txt';
