/** The values of all JSON files of a folder, by their names (`scripts/lib/jsonFolder.mjs`). */
declare module '*.json?all' {
  const values: readonly { readonly rank?: number }[];
  export default values;
}
