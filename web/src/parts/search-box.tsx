import { Kbd, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";
import { useKey } from "./use-key";

interface Props {
  label: string;
  value: string;
  /** Told a moment after the last key. */
  onChange: (value: string) => void;
}

/** A page's text filter. "/" goes there, Escape empties it. */
export function SearchBox({ label, value, onChange }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value);
  const tell = useDebouncedCallback(onChange, 150);
  useKey("/", () => input.current?.focus());
  // Going back changes the address and with it the filter.
  useEffect(() => {
    if (document.activeElement !== input.current) setText(value);
  }, [value]);
  return (
    <TextInput
      ref={input}
      type="search"
      aria-label={label}
      placeholder={label}
      flex="1 1 240px"
      value={text}
      rightSection={
        <Kbd size="xs" visibleFrom="sm">
          /
        </Kbd>
      }
      onChange={(event) => {
        setText(event.currentTarget.value);
        tell(event.currentTarget.value);
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        // What was typed a moment ago must not come after this.
        tell.cancel();
        setText("");
        onChange("");
        event.currentTarget.blur();
      }}
    />
  );
}
