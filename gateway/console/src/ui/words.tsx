/** The gateway's sentences: what stands between backticks is a name or code. */
export function Words({ text }: { text: string }) {
  const parts = text.split("`");
  // An odd number of backticks: the last one opens nothing.
  const last = parts.length % 2 === 0 ? parts.length - 2 : parts.length;
  return (
    <>
      {parts.map((part, at) => (at % 2 === 1 && at < last ? <code key={at}>{part}</code> : part))}
    </>
  );
}
