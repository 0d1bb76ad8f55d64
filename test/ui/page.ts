/**
 * What functions that run inside the page see of its elements. The types of the DOM stay out of the project, because
 * nothing else may use them.
 */
export interface PageElement {
  readonly textContent: string | null;
  readonly style: { readonly top: string };
  querySelector(selector: string): PageElement | null;
  closest(selector: string): PageElement | null;
  getAttribute(name: string): string | null;
}
