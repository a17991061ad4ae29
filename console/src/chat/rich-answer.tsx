import { useMemo } from 'react';
import { useLanguage } from '../i18n/language';
import { readBlocks, type Block, type Piece } from './markdown';

/**
 * Returns where a picture is on this site; null for one elsewhere, which the content policy
 * does not load. The gateway signs links for its public address; the path works everywhere.
 */
export function ownPicture(link: string): string | null {
  const url = new URL(link, location.origin);
  const own = url.origin === location.origin || url.searchParams.has('signature');
  return own && url.pathname.startsWith('/pictures/') ? url.pathname + url.search : null;
}

function Part({ piece }: { piece: Piece }) {
  const { t } = useLanguage();
  if (!('link' in piece)) {
    if (piece.kind === 'bold') return <strong>{piece.text}</strong>;
    return piece.kind === 'code' ? <code>{piece.text}</code> : piece.text;
  }
  const own = ownPicture(piece.link);
  if (piece.kind === 'picture' && own) {
    return (
      <a href={own} target="_blank" rel="noopener noreferrer">
        <img src={own} alt={piece.text} decoding="async" />
      </a>
    );
  }
  return (
    <a href={own ?? piece.link} target="_blank" rel="noopener noreferrer">
      {piece.kind === 'picture' ? t('chat.elsewhere', { name: piece.text }) : piece.text}
    </a>
  );
}

function Whole({ block }: { block: Block }) {
  if (block.kind === 'code') return <pre>{block.text}</pre>;
  const pieces = block.pieces.map((piece, index) => <Part key={index} piece={piece} />);
  if (block.kind === 'heading') return <h3>{pieces}</h3>;
  if (block.kind === 'quote') return <blockquote>{pieces}</blockquote>;
  return <p className={block.kind === 'item' ? 'item' : ''}>{pieces}</p>;
}

/** Shows an answer with its pictures; never as markup. */
export function RichAnswer({ text }: { text: string }) {
  const blocks = useMemo(() => readBlocks(text), [text]);
  return (
    <div className="rich-answer">
      {blocks.map((block, index) => (
        <Whole key={index} block={block} />
      ))}
    </div>
  );
}
