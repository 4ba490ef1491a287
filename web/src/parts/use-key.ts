import { useWindowEvent } from "@mantine/hooks";

/** Whether keys pressed there are text. */
function writing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement)
    return !target.readOnly && target.type !== "checkbox" && target.type !== "radio";
  return target instanceof HTMLTextAreaElement || target.isContentEditable;
}

/** Does something when a character is typed that is not meant for a text; wherever it is on the keyboard. */
export function useKey(character: string, act: () => void): void {
  useWindowEvent("keydown", (event) => {
    if (event.key !== character || event.ctrlKey || event.metaKey || event.altKey || writing(event.target)) return;
    event.preventDefault();
    act();
  });
}
