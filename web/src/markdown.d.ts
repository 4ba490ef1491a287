/** A Markdown file is its HTML, made while building (markdown.ts). */
declare module "*.md" {
  const html: string;
  export default html;
}
