import { useLanguage } from '../i18n/language';
import { Button } from '../ui/button';
import { PictureInput } from './pictures';
import { priceOf } from './price';
import { usePrices } from './use-prices';

/** What sends a form, with what that costs at most. */
export function Send(props: { priced: string; disabled: boolean; onSend: () => Promise<unknown> }) {
  const { t } = useLanguage();
  const price = priceOf(usePrices(), props.priced);
  return (
    <div className="row send">
      {price && <small>{t('prompt.price', { price })}</small>}
      <Button kind="primary" disabled={props.disabled} onPress={props.onSend}>
        {t('do.submit')}
      </Button>
    </div>
  );
}

/** Takes one picture by drop, paste or file. */
export function OnePicture(props: {
  label: string;
  hint?: string;
  pictures: string[];
  onPictures: (pictures: string[]) => void;
  takesPaste?: boolean;
}) {
  const { t } = useLanguage();
  return <PictureInput hint={t('pictures.drop')} {...props} most={1} />;
}
