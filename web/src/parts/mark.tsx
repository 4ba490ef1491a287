/** The touchstone: slate with a streak of gold. */
export function Mark({ size = 22 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 22 22" aria-hidden="true">
      <rect width="22" height="22" rx="5" fill="var(--ink)" />
      <path d="M5 15.5 17 6" stroke="var(--gold)" strokeWidth="3" strokeLinecap="round" />
    </svg>
  );
}
