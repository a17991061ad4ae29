import { useLanguage } from '../i18n/language';
import { Button } from '../ui/button';
import { CopyButton } from '../ui/copy';
import { Dialog } from '../ui/dialog';

interface Props {
  name: string;
  secret: string;
  onClose: () => void;
}

/** Shows a secret, this one time. */
export function SecretDialog({ name, secret, onClose }: Props) {
  const { t } = useLanguage();
  return (
    <Dialog
      title={t('key.secret')}
      onClose={onClose}
      footer={
        <>
          <CopyButton text={secret} />
          <Button kind="primary" onPress={onClose}>
            {t('key.done')}
          </Button>
        </>
      }
    >
      <p>{name}</p>
      <code className="secret">{secret}</code>
      <p className="notice">{t('key.secretHint')}</p>
    </Dialog>
  );
}
