import { useState } from 'react';
import type { WordView } from '../api/schema';
import { useSession } from '../api/session';
import { useLanguage } from '../i18n/language';
import { Button, IconButton } from '../ui/button';
import { Fault } from '../ui/fault';
import { Field } from '../ui/field';
import { Empty, Page } from '../ui/page';
import { Skeleton } from '../ui/skeleton';
import { useChange, useList } from './desk';
import './operations.css';

/** Words that no prompt may hold. */
export default function Words() {
  const { t } = useLanguage();
  const { may } = useSession();
  const list = useList<WordView>('/words');
  const change = useChange('/words');
  const [word, setWord] = useState('');
  const add = async () => {
    await change('POST', '/words', { word: word.trim() });
    setWord('');
  };
  return (
    <Page title={t('nav.words')}>
      <p className="muted">{t('words.lead')}</p>
      {may('words') && (
        <form className="filters" onSubmit={(event) => event.preventDefault()}>
          <Field label={t('words.word')} data-slash value={word} onValue={setWord} />
          <Button kind="primary" type="submit" icon="plus" disabled={!word.trim()} onPress={add}>
            {t('words.add')}
          </Button>
        </form>
      )}
      {list.error && <Fault error={list.error} retry={() => void list.refetch()} />}
      {!list.rows && !list.error && <Skeleton shape="form" />}
      {list.rows && !list.rows.length && (
        <Empty icon="words" title={t('words.none')} text={t('words.noneText')} />
      )}
      <ul className="words">
        {list.rows?.map((one) => (
          <li key={one.word}>
            {one.word}
            {may('words') && (
              <IconButton
                label={t('words.allow', { word: one.word })}
                icon="close"
                onPress={() => change('DELETE', `/words/${encodeURIComponent(one.word)}`)}
              />
            )}
          </li>
        ))}
      </ul>
      {list.more.onMore && <Button onPress={list.more.onMore}>{t('do.more')}</Button>}
    </Page>
  );
}
