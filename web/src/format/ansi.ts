import Anser from "anser";

/** A run of text in one style. */
export interface Span {
  text: string;
  /** "red", "bright-green" …, or nothing for the ordinary colour. */
  colour?: string;
  bold?: boolean;
  dim?: boolean;
}

/**
 * Build logs carry terminal escapes. Colours become spans; everything else that
 * moves a cursor or rings a bell is dropped; a carriage return starts its line
 * again, as it does on a terminal, so that progress bars leave only their end.
 */
export function spans(log: string): Span[] {
  const settled = log
    .replaceAll("\r\n", "\n")
    .split("\n")
    .map((line) => line.slice(line.lastIndexOf("\r", line.length - 2) + 1).replace(/\r$/, ""))
    .join("\n");
  return Anser.ansiToJson(settled, { use_classes: true, remove_empty: true })
    .filter((part) => !part.clearLine || part.content !== "")
    .map((part) => {
      const span: Span = { text: printable(part.content) };
      if (part.fg) span.colour = part.fg.replace(/^ansi-/, "");
      if (part.decorations.includes("bold")) span.bold = true;
      if (part.decorations.includes("dim")) span.dim = true;
      return span;
    })
    .filter((span) => span.text !== "");
}

/** Without control characters other than tab and newline. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, "");
}
