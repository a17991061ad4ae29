import { useState } from 'react';
import { useLanguage } from '../i18n/language';
import { Button } from './button';

/** Writes a text to the clipboard, also where only the old way is allowed (plain http). */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'unseen';
    (document.querySelector('dialog[open]') ?? document.body).append(area);
    area.select();
    // No other way is left on pages without TLS.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}

/** A button that copies a text and says so. */
export function CopyButton({ text, label }: { text: string; label?: string }) {
  const { t } = useLanguage();
  const [copied, setCopied] = useState(false);
  return (
    <Button
      icon={copied ? 'check' : 'copy'}
      onPress={async () => {
        if (!(await copyText(text))) throw new Error(t('do.copyFailed'));
        setCopied(true);
        setTimeout(() => setCopied(false), 1500);
      }}
    >
      {copied ? t('do.copied') : (label ?? t('do.copy'))}
    </Button>
  );
}
