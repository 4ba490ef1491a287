import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { HighlightStyle, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { dockerFile } from "@codemirror/legacy-modes/mode/dockerfile";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, StateEffect, StateField } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { type Ref, useEffect, useImperativeHandle, useRef } from "react";

/** What the page may ask of the editor. */
export interface EditorHandle {
  /** Puts the cursor on a line, from 1, and shows it. */
  goTo: (line: number) => void;
}

interface Props {
  ref?: Ref<EditorHandle>;
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** The line at which the newest build of this text failed. */
  failedLine?: number;
}

const look = EditorView.theme({
  "&": {
    fontSize: "12.5px",
    minHeight: "360px",
    maxHeight: "70vh",
    backgroundColor: "var(--panel)",
    color: "var(--ink)",
  },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.65", fontVariantLigatures: "none", minHeight: "360px" },
  ".cm-content": { padding: "10px 0", caretColor: "var(--ink)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--ink-3)", border: "none", paddingLeft: "8px" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--sunken) 70%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--info-soft)",
  },
  ".cm-failed": { backgroundColor: "var(--bad-soft)", boxShadow: "inset 3px 0 var(--bad)" },
});

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--info)", fontWeight: "600" },
  { tag: tags.comment, color: "var(--ink-3)" },
  { tag: [tags.string, tags.number], color: "var(--ok)" },
  { tag: tags.variableName, color: "var(--ink)" },
]);

const setFailed = StateEffect.define<number | undefined>();

// The mark moves with its line while the text is edited.
const failed = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    let next = marks.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(setFailed)) continue;
      const { value: line } = effect;
      const doc = transaction.state.doc;
      next =
        line === undefined || line < 1 || line > doc.lines
          ? Decoration.none
          : Decoration.set(Decoration.line({ class: "cm-failed" }).range(doc.line(line).from));
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

export default function DockerfileEditor({ ref, label, value, onChange, failedLine }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const told = useRef(onChange);
  told.current = onChange;
  const first = useRef({ value, label });

  useEffect(() => {
    if (place.current === null) return;
    const made = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: first.current.value,
        extensions: [
          lineNumbers(),
          history(),
          drawSelection(),
          highlightActiveLine(),
          highlightActiveLineGutter(),
          highlightSelectionMatches(),
          StreamLanguage.define(dockerFile),
          syntaxHighlighting(colours),
          failed,
          // Mod-Enter builds: the page takes it.
          keymap.of([...defaultKeymap.filter(({ key }) => key !== "Mod-Enter"), ...historyKeymap, ...searchKeymap]),
          EditorView.contentAttributes.of({ "aria-label": first.current.label }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) told.current(update.state.doc.toString());
          }),
          look,
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, []);

  // Text that comes from elsewhere (a conflict resolved, another revision) replaces what is there.
  useEffect(() => {
    const now = view.current;
    if (now === null || now.state.doc.toString() === value) return;
    now.dispatch({ changes: { from: 0, to: now.state.doc.length, insert: value } });
  }, [value]);

  useEffect(() => view.current?.dispatch({ effects: setFailed.of(failedLine) }), [failedLine]);

  useImperativeHandle(ref, () => ({
    goTo(line) {
      const now = view.current;
      if (now === null || line < 1 || line > now.state.doc.lines) return;
      const { from } = now.state.doc.line(line);
      now.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
      now.focus();
    },
  }));

  return <div ref={place} />;
}
