import { Marked } from "marked";
import type { Plugin } from "vite";

/** Makes an imported Markdown file its HTML while building, so that no page loads a renderer. */
export function markdown(): Plugin {
  return {
    name: "markdown",
    enforce: "pre",
    transform: {
      filter: { id: /\.md$/ },
      handler: (text) => ({
        code: `export default ${JSON.stringify(html(text))};`,
        moduleType: "js",
        map: null,
      }),
    },
  };
}

/** Headings one step down, below the page's own, and with the names that links in the text have for them. */
export function html(text: string): string {
  const marked = new Marked({
    async: false,
    renderer: {
      heading({ tokens, depth, text: words }) {
        const level = Math.min(depth + 1, 6);
        return `<h${level} id="${slug(words)}">${this.parser.parseInline(tokens)}</h${level}>\n`;
      },
      // A link to another file leads nowhere from here.
      link({ href, tokens }) {
        const words = this.parser.parseInline(tokens);
        return /^(#|https:)/.test(href) ? `<a href="${href}">${words}</a>` : words;
      },
      table(token) {
        const row = (cells: string) => `<tr>${cells}</tr>`;
        const head = token.header
          .map((cell) => `<th scope="col">${this.parser.parseInline(cell.tokens)}</th>`)
          .join("");
        const rows = token.rows
          .map((cells) => row(cells.map((cell) => `<td>${this.parser.parseInline(cell.tokens)}</td>`).join("")))
          .join("");
        // What may scroll must be reachable by keyboard.
        return `<div role="group" aria-label="Table" tabindex="0"><table><thead>${row(head)}</thead><tbody>${rows}</tbody></table></div>\n`;
      },
      code({ text: lines }) {
        const safe = lines.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
        return `<pre tabindex="0">${safe}</pre>\n`;
      },
    },
  });
  return marked.parse(text) as string;
}

/** As GitHub names headings. */
function slug(words: string): string {
  return words
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}
