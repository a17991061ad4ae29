"""What every provider of tasks keeps, as one suite: subclass it and give it a rig.

class TestMine(ProviderContract):
@pytest.fixture
async def rig(self):
async with my_upstream() as upstream:
yield MyRig(upstream)
"""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from gesso.domain.errors import (
    GessoError,
    Locked,
    ProviderError,
    Refused,
    Unavailable,
)
from gesso.domain.provider import Job, Progress, Provider, Stage
from gesso.domain.task import Action
from gesso.testing.rig import LIMIT_S, RETRY_AFTER_S, SECRET, Rig, Trouble, follow, is_picture

_METHODS = ("submit", "find", "poll", "probe", "cancel")
_SEALED = {"api_key", "keys", "secret"}
#: What a failed job may be called, beside the codes of the error tree.
_CODES = {"banned", "moderated", "timeout", "invalid", "lost", "refused", "garbled", "unavailable"}
#: Nobody listens on the discard port.
_NOBODY = "http://127.0.0.1:9"


@pytest.mark.anyio
class ProviderContract:
    """The contract; give a fixture `rig`."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        """Run on asyncio, as gesso does."""
        return "asyncio"

    async def test_the_manifest_is_complete(self, rig: Rig) -> None:
        """Forms, routing and docs are made from it."""
        provider = rig.open()
        manifest = provider.manifest
        assert re.fullmatch(r"[a-z][a-z0-9_]*", manifest.name)
        assert manifest.title
        assert manifest.about.endswith(".")
        assert manifest.actions
        assert all(isinstance(one, Action) for one in manifest.actions)
        assert manifest.poll_s >= 0
        assert all(one.name and one.about.endswith(".") for one in manifest.options)
        # Only these are sealed in the database.
        assert {one.name for one in manifest.options if one.secret} <= _SEALED
        assert all(inspect.iscoroutinefunction(getattr(provider, one)) for one in _METHODS)

    async def test_submit_progress_result(self, rig: Rig) -> None:
        """Four pictures come with their grid, and progress never goes back."""
        provider, job = rig.open(), rig.job()
        seen: list[Progress] = []
        done = await follow(provider, job, await provider.submit(job), seen)
        assert done.stage is Stage.DONE, (done.code, done.reason)
        percents = [one.percent for one in seen]
        assert percents == sorted(percents)
        assert all(0 <= one.percent <= 99 for one in seen[:-1])
        assert [one.position for one in done.pictures] == [0, 1, 2, 3, 4]
        assert done.expected == 4
        assert all(is_picture(one.data) for one in done.pictures)
        json.dumps(dict(done.facts))
        assert rig.started == 1

    async def test_two_jobs_do_not_mix(self, rig: Rig) -> None:
        """Each job ends with its own result."""
        provider, jobs = rig.open(), [rig.job(), rig.job()]
        ids = [await provider.submit(one) for one in jobs]
        assert len(set(ids)) == 2
        ends = await asyncio.gather(*(follow(provider, *pair) for pair in zip(jobs, ids)))  # noqa: B905
        assert [one.stage for one in ends] == [Stage.DONE, Stage.DONE]
        assert rig.started == 2

    async def test_a_failure_has_a_stable_code(self, rig: Rig) -> None:
        """A job that fails upstream fails here, with a reason for people."""
        self._need(rig, Trouble.FAIL)
        rig.make(Trouble.FAIL)
        provider, job = rig.open(), rig.job()
        with _nothing_leaks(rig):
            failed = await follow(provider, job, await provider.submit(job))
        assert failed.stage is Stage.FAILED
        assert failed.code in _CODES
        assert failed.reason
        _check_text(rig, failed.reason)

    async def test_a_refusal_is_for_good(self, rig: Rig) -> None:
        """What the upstream will never take is not tried again."""
        self._need(rig, Trouble.REFUSE)
        rig.make(Trouble.REFUSE)
        provider, job = rig.open(), rig.job()
        with _nothing_leaks(rig), pytest.raises(Refused):
            await provider.submit(job)
        assert rig.started == 0

    async def test_a_busy_upstream_is_asked_later(self, rig: Rig) -> None:
        """429 with Retry-After is passed on, and was no start."""
        self._need(rig, Trouble.BUSY)
        rig.make(Trouble.BUSY)
        provider, job = rig.open(), rig.job()
        with _nothing_leaks(rig), pytest.raises(Unavailable) as busy:
            await provider.submit(job)
        if rig.remote:
            assert busy.value.retry_after_s == RETRY_AFTER_S
            assert busy.value.busy
        assert rig.started == 0
        rig.make(None)
        again = replace(job, reference=f"{job.task.id}-2")
        assert (await follow(provider, again, await provider.submit(again))).stage is Stage.DONE

    async def test_wrong_credentials_lock_the_channel(self, rig: Rig) -> None:
        """Both a probe and an order say that the credentials are wrong."""
        self._need(rig, Trouble.LOCKED)
        provider, job = rig.open(), rig.job()
        await provider.probe(rig.channel)
        rig.make(Trouble.LOCKED)
        with _nothing_leaks(rig), pytest.raises(Locked):
            await provider.probe(rig.channel)
        with _nothing_leaks(rig), pytest.raises(Locked):
            await provider.submit(job)
        assert rig.started == 0

    async def test_a_job_can_be_stopped(self, rig: Rig) -> None:
        """Cancel reaches the upstream, and a second one does no harm."""
        self._need(rig, Trouble.STUCK)
        rig.make(Trouble.STUCK)
        provider, job = rig.open(), rig.job()
        upstream_id = await provider.submit(job)
        await provider.poll(job, upstream_id)
        await provider.cancel(job, upstream_id)
        async with asyncio.timeout(LIMIT_S):
            while not rig.stopped:
                await asyncio.sleep(0.01)
        await provider.cancel(job, upstream_id)

    async def test_a_restart_resumes(self, rig: Rig) -> None:
        """A new process goes on with the stored id, without a second submission."""
        self._need(rig, Trouble.STUCK)
        rig.make(Trouble.STUCK)
        before, job = rig.open(), rig.job()
        upstream_id = await before.submit(job)
        if before.manifest.keeps_results:
            await before.poll(job, upstream_id)
        after = rig.open()
        if after.manifest.can_find and rig.remote:
            assert await after.find(job) == upstream_id
        rig.make(None)
        assert (await follow(after, job, upstream_id)).stage is Stage.DONE
        assert rig.most_at_once == 1
        if after.manifest.keeps_results:
            assert rig.started == 1

    async def test_an_unknown_outcome_is_looked_up(self, rig: Rig) -> None:
        """When the answer is lost, the upstream is asked, and no order is sent twice."""
        self._need(rig, Trouble.LOSE)
        rig.make(Trouble.LOSE)
        provider, job = rig.open(), rig.job()
        upstream_id = None
        with _nothing_leaks(rig):
            try:
                upstream_id = await provider.submit(job)
            except ProviderError as error:
                _check_doubt(error)
        rig.make(None)
        try:
            upstream_id = upstream_id or await rig.open().find(job)
        except ProviderError:
            assert rig.started <= 1
            return  # It cannot tell: gesso gives the task up and sends nothing again.
        assert upstream_id is not None, "the job runs, and `find` says that it surely does not"
        assert (await follow(provider, job, upstream_id)).stage is not Stage.WORKING
        assert rig.most_at_once == 1
        if provider.manifest.keeps_results:
            assert rig.started == 1

    @pytest.mark.parametrize("trouble", [Trouble.GARBLE, Trouble.GARBLE_LOOK, Trouble.BROKEN])
    async def test_garbage_is_a_provider_error(self, rig: Rig, trouble: Trouble) -> None:
        """Whatever the upstream says, nothing but a ProviderError or a failure comes of it."""
        self._need(rig, trouble)
        rig.make(trouble)
        provider, job = rig.open(), rig.job()
        with _nothing_leaks(rig):
            try:
                upstream_id = await provider.submit(job)
                for _ in range(3):
                    progress = await _look(provider, job, upstream_id)
            except ProviderError:
                return
        if trouble is Trouble.GARBLE_LOOK:
            rig.make(None)
            progress = await follow(provider, job, upstream_id)
            assert progress.stage is Stage.DONE
        elif trouble is Trouble.BROKEN:
            progress = await follow(provider, job, upstream_id)
            whole = all(is_picture(one.data) for one in progress.pictures)
            assert progress.stage is Stage.FAILED or not whole

    async def test_a_silent_upstream_is_not_waited_for(self, rig: Rig) -> None:
        """An order that is never answered ends in time, and in doubt unless surely not sent."""
        self._need(rig, Trouble.HANG)
        rig.make(Trouble.HANG)
        provider, job = rig.open(), rig.job()
        with _nothing_leaks(rig):
            async with asyncio.timeout(LIMIT_S):
                with pytest.raises(ProviderError) as late:
                    await provider.submit(job)
        assert not isinstance(late.value, Refused)

    async def test_nobody_there(self, rig: Rig) -> None:
        """An upstream that cannot be reached surely has started nothing."""
        if not rig.remote:
            pytest.skip("there is no upstream to be away")
        rig.channel = replace(rig.channel, base_url=_NOBODY)
        provider, job = rig.open(), rig.job()
        with _nothing_leaks(rig), pytest.raises(Unavailable):
            await provider.submit(job)
        with _nothing_leaks(rig), pytest.raises(ProviderError):
            await provider.probe(rig.channel)
        await provider.cancel(job, "1")

    @staticmethod
    def _need(rig: Rig, trouble: Trouble) -> None:
        if trouble not in rig.can:
            pytest.skip(f"this upstream cannot {trouble}")


async def _look(provider: Provider, job: Job, upstream_id: str) -> Progress:
    async with asyncio.timeout(LIMIT_S):
        return await provider.poll(job, upstream_id)


@contextmanager
def _nothing_leaks(rig: Rig) -> Iterator[None]:
    try:
        yield
    except GessoError as error:
        _check_text(rig, error.message)
        raise


def _check_doubt(error: ProviderError) -> None:
    # Refused would lose a running job, Unavailable would start a second one.
    assert not isinstance(error, Refused | Unavailable), repr(error)


def _check_text(rig: Rig, text: str) -> None:
    assert SECRET not in text
    address = rig.channel.base_url.partition("://")[2]
    assert not address or address not in text, text
