import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { useKey } from "./use-key";

function Page({ act }: { act: () => void }) {
  useKey("/", act);
  return (
    <>
      <input aria-label="text" />
      <input aria-label="choice" readOnly />
      <textarea aria-label="long" />
      <button type="button">button</button>
    </>
  );
}

it.each([
  ["a button", () => screen.getByRole("button"), {}, 1],
  ["a choice that is not typed into", () => screen.getByLabelText("choice"), {}, 1],
  ["a text", () => screen.getByLabelText("text"), {}, 0],
  ["a long text", () => screen.getByLabelText("long"), {}, 0],
  ["a button, with Ctrl", () => screen.getByRole("button"), { ctrlKey: true }, 0],
])("on %s", (_, where, modifiers, times) => {
  const act = vi.fn();
  const { unmount } = render(<Page act={act} />);
  fireEvent.keyDown(where(), { key: "/", ...modifiers });
  expect(act).toHaveBeenCalledTimes(times);
  unmount();
});
