/** Longer ones may break: they are addresses more often than values. */
const SHORT = 24;

/** A prompt in which a short flag and its value stay on one line. */
export function PromptText({ text }: { text: string }) {
  const parts = text.split(/(--\w+(?: (?!--)\S+)?)/);
  return parts.map((part, index) =>
    part.startsWith('--') && part.length <= SHORT ? (
      <span key={index} className="flag">
        {part}
      </span>
    ) : (
      part
    ),
  );
}
