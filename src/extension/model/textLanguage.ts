/** The language of texts that people read. The manifest gives it settings, so that none of their lines is cut off. */
export const TEXT_LANGUAGE = 'code-manager-text';
