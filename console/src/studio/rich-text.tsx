import { useLanguage } from '../i18n/language';
import { sayServer } from '../i18n/words';

/** Shows the few marks of descriptions (headings, bold, struck out); never as markup. */
export function RichText({ text }: { text: string }) {
  const { t } = useLanguage();
  return (
    <div className="rich">
      {text
        // Keycaps are emoji that not every font has.
        .replace(/(\d)\uFE0F?\u20E3/g, '$1.')
        .split('\n')
        .filter((line) => line.trim())
        .map((line, index) =>
          line.startsWith('## ') ? (
            <h3 key={index}>{sayServer(line, t).slice(3)}</h3>
          ) : (
            <p key={index}>
              {line.split(/(\*\*.+?\*\*|~~.+?~~)/).map((part, at) => {
                const inner = part.slice(2, -2);
                if (part.startsWith('**')) return <strong key={at}>{inner}</strong>;
                if (part.startsWith('~~')) return <s key={at}>{inner}</s>;
                return part;
              })}
            </p>
          ),
        )}
    </div>
  );
}
