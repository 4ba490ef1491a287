/** Reads an event stream until closed. The browser reconnects by itself after a broken line, but gives up on an
 *  answer that is no stream (a hub that starts, a proxy's error): then we try again, more and more slowly. */
export interface StreamHandlers {
  /** By event name, with its data. */
  on: Record<string, (data: unknown) => void>;
  /** The stream stands, the first time or again. */
  open?: () => void;
  /** The line broke; it is being mended. */
  lost?: () => void;
}

const firstWait = 1000;
const longestWait = 15_000;

/** Opens the stream; returns how to close it. */
export function openStream(url: string, { on, open, lost }: StreamHandlers): () => void {
  let source: EventSource;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = firstWait;
  let closed = false;

  const connect = () => {
    source = new EventSource(url);
    source.onopen = () => {
      wait = firstWait;
      open?.();
    };
    source.onerror = () => {
      if (closed) return;
      lost?.();
      if (source.readyState === EventSource.CLOSED) {
        timer = setTimeout(connect, wait);
        wait = Math.min(wait * 2, longestWait);
      }
    };
    for (const [name, handle] of Object.entries(on)) {
      source.addEventListener(name, (event: MessageEvent<string>) => handle(JSON.parse(event.data)));
    }
  };
  connect();
  return () => {
    closed = true;
    clearTimeout(timer);
    source.close();
  };
}
