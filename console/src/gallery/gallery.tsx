import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useDeferredValue, useMemo } from 'react';
import { Link, useSearchParams } from 'wouter';
import { useLanguage } from '../i18n/language';
import { dayEdge, useFilters } from '../operations/desk';
import { Days } from '../operations/listing';
import { ActionsProvider } from '../studio/actions';
import { Fault } from '../ui/fault';
import { Field, Select } from '../ui/field';
import { Filters } from '../ui/filters';
import { count } from '../ui/format';
import { Empty, Page } from '../ui/page';
import { Skeleton } from '../ui/skeleton';
import { Button } from '../ui/button';
import { Detail } from './detail';
import './gallery.css';
import { Grid } from './grid';
import { readSpan } from './range';

const ACTIONS = [
  'IMAGINE',
  'UPSCALE',
  'VARIATION',
  'ZOOM',
  'PAN',
  'BLEND',
  'DESCRIBE',
  'SHORTEN',
  'EDITS',
  'RETEXTURE',
  'SWAP_FACE',
  'VIDEO',
] as const;
const STATUSES = ['SUCCESS', 'IN_PROGRESS', 'NOT_START', 'MODAL', 'FAILURE', 'CANCEL'] as const;
/** Versions as prompts name them; one without a flag is of the newest. */
const VERSIONS = ['--v 8', '--v 7', '--v 6', '--v 5', '--niji 7', '--niji 6'] as const;
const EMPTY = { prompt: '', action: '', version: '', status: '', from: '', to: '' };
const REFRESH_MS = 10_000;

/** Everything that the account has made. */
export default function Gallery() {
  const { t, language } = useLanguage();
  const queries = useQueryClient();
  const [search, setSearch] = useSearchParams();
  const [given, set] = useFilters(EMPTY);
  // Typing stays quick; the grid follows.
  const applied = useDeferredValue(given);
  const { prompt = '', action = '', version = '', status = '', from = '', to = '' } = applied;
  const filter = useMemo(
    () => ({ prompt, action, status, promptEn: version }),
    [prompt, action, status, version],
  );
  const span = useQuery({
    queryKey: ['gallery', 'span', filter, from, to],
    queryFn: () => readSpan(filter, dayEdge(from), dayEdge(to, true)),
    placeholderData: (before) => before,
    refetchInterval: REFRESH_MS,
  });
  const open = useCallback(
    (id: string) => setSearch(id ? { task: id } : {}, { replace: !id }),
    [setSearch],
  );
  const refresh = useCallback(() => {
    void queries.invalidateQueries({ queryKey: ['gallery'] });
    void queries.invalidateQueries({ queryKey: ['task'] });
  }, [queries]);
  const [opened, total] = [
    search.get('task'),
    span.data ? Math.max(0, span.data.end - span.data.start) : 0,
  ];
  const filtered = Object.values(given).some(Boolean);
  return (
    <Page
      title={t('nav.gallery')}
      actions={span.data && <small>{t('gallery.count', { n: count(total, language) })}</small>}
    >
      <ActionsProvider onChange={refresh}>
        <Filters
          values={[action, version, status, from, to]}
          more={
            <>
              <Select
                label={t('gallery.action')}
                value={given['action'] ?? ''}
                options={[
                  ['', t('is.all')],
                  ...ACTIONS.map((one) => [one, t(`action.${one}`)] as const),
                ]}
                onValue={(value) => set('action', value)}
              />
              <Select
                label={t('gallery.version')}
                value={given['version'] ?? ''}
                options={[
                  ['', t('is.all')],
                  ...VERSIONS.map((one) => [one, one.slice(2)] as const),
                ]}
                onValue={(value) => set('version', value)}
              />
              <Select
                label={t('gallery.status')}
                value={given['status'] ?? ''}
                options={[
                  ['', t('is.all')],
                  ...STATUSES.map((one) => [one, t(`status.${one}`)] as const),
                ]}
                onValue={(value) => set('status', value)}
              />
              <Days
                from={given['from'] ?? ''}
                to={given['to'] ?? ''}
                onFrom={(date) => set('from', date)}
                onTo={(date) => set('to', date)}
              />
            </>
          }
        >
          <Field
            label={t('gallery.text')}
            type="search"
            data-slash
            value={given['prompt'] ?? ''}
            onValue={(value) => set('prompt', value)}
          />
        </Filters>
        {span.error && !span.data && <Fault error={span.error} retry={() => void span.refetch()} />}
        {!span.data && !span.error && <Skeleton shape="grid" />}
        {span.data && total === 0 && (
          <Empty icon="gallery" title={t('gallery.empty')} text={t('gallery.emptyText')}>
            {filtered ? (
              <Button onPress={() => Object.keys(EMPTY).forEach((name) => set(name, ''))}>
                {t('do.clear')}
              </Button>
            ) : (
              <Link href="/" className="button primary">
                {t('nav.studio')}
              </Link>
            )}
          </Empty>
        )}
        {span.data && total > 0 && <Grid filter={filter} span={span.data} onOpen={open} />}
        {opened && <Detail key={opened} id={opened} onOpen={open} />}
      </ActionsProvider>
    </Page>
  );
}
