import { useSyncExternalStore } from "react";

// One clock for every relative time on the page: it ticks only while one is shown.
function clock() {
  let now = new Date();
  let timer: ReturnType<typeof setInterval> | undefined;
  const watchers = new Set<() => void>();
  return {
    subscribe(watcher: () => void) {
      watchers.add(watcher);
      if (timer === undefined) {
        now = new Date();
        timer = setInterval(() => {
          now = new Date();
          for (const tell of watchers) tell();
        }, 1000);
      }
      return () => {
        watchers.delete(watcher);
        if (watchers.size === 0) {
          clearInterval(timer);
          timer = undefined;
        }
      };
    },
    read: () => now,
  };
}

const shared = clock();

/** The time, each second. */
export function useNow(): Date {
  return useSyncExternalStore(shared.subscribe, shared.read);
}
