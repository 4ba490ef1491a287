import { type ReactNode, useEffect, useRef, useState } from "react";
import table from "./table.module.css";

/** Around a table: one that is too wide scrolls by itself, and then by keyboard as well. */
export function TableWrap({ label, panel, children }: { label: string; panel?: boolean; children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const [scrolls, setScrolls] = useState(false);
  useEffect(() => {
    const { current } = box;
    if (current === null) return;
    const observer = new ResizeObserver(() => setScrolls(current.scrollWidth > current.clientWidth));
    observer.observe(current);
    for (const child of current.children) observer.observe(child);
    return () => observer.disconnect();
  }, []);
  const reach = scrolls ? { role: "group", "aria-label": label, tabIndex: 0 } : {};
  return (
    <div ref={box} className={panel ? `panel ${table.wrap}` : table.wrap} {...reach}>
      {children}
    </div>
  );
}
