"""The guards that `break_it` takes away, one at a time, and the tests that must notice."""

from dataclasses import dataclass

CHANCE = "tests/faults/test_any_order.py"
WORDS = "tests/faults/test_contradictions.py"
KILLED = "tests/faults/test_killed_anywhere.py"
FAIR = "tests/faults/test_fairness.py"
HOOKS = "tests/generations/test_hooks.py"
MONEY = "tests/faults/test_races_of_money.py"
PICTURES = "tests/faults/test_races_of_pictures.py"


@dataclass(frozen=True)
class Mutant:
    """`old` stands once in `file`; `tests` are tried in their order until one fails."""

    name: str
    tests: tuple[str, ...]
    file: str
    old: str
    new: str


ALLOWANCES = "billing/allowances.py"
LEDGER, LIFECYCLE, DRAWS = "billing/ledger.py", "generations/lifecycle.py", "generations/draws.py"
MODELS, DISPATCH, COLLECT = "generations/models/road.py", "generations/dispatch.py", "generations/collect.py"

OF_THE_LEDGER = (
    Mutant("hold: not more than is available", (CHANCE,), LEDGER,
           'debt=0, balance__gte=F("held") + amount)', "debt=0)"),
    Mutant("hold: the key held before is not held again", (MONEY,), LEDGER,
           "        return held\n    if not is_told", "        pass\n    if not is_told"),
    Mutant("hold: the month's limit", (CHANCE,), ALLOWANCES, "since=since, used__lte=most_before)",
           "since=since)"),
    Mutant("hold: the ceilings of the day and the month", (MONEY,), ALLOWANCES,
           "since=month, used__lte=month_most)", "since=month)"),
    Mutant("hold: the ceiling of the moment", (MONEY,), LEDGER,
           '    purse.day_ceiling, purse.month_ceiling = ceilings[0]', "    pass"),
    Mutant("capture: the rest goes back to one's own ceilings", (CHANCE,), LEDGER,
           "        allowances.uncount(held, back)", "        pass"),
    Mutant("tally: every movement is counted", (CHANCE,), LEDGER, "    tallies.count(row)\n", ""),
    Mutant("capture: settled once", (MONEY,), LEDGER, "pk=held.pk, settled_at=None, ", "pk=held.pk, "),
    Mutant("capture: the rest goes back to the month", (CHANCE,), LEDGER,
           "        allowances.give_back(held, back)", "        pass"),
    Mutant("capture: the rest goes back to the wallet", (CHANCE,), LEDGER,
           '"balance", held=F("held") - held.amount,', '"balance", held=F("held") - amount,'),
    Mutant("capture: what comes free pays the debt", (MONEY,), LEDGER, "    _pay_debt(held.wallet, key=key)\n", ""),
    Mutant("purchase: what comes in pays the debt", (CHANCE,), LEDGER, "            _pay_debt(purse, key=key)\n", ""),
    Mutant("take back: said twice at once is done once", (MONEY,), LEDGER,
           "    if _taken_before(key, amount):  # said by", "    if not key:  # said by"),
    Mutant("take back: not more than is available", (CHANCE,), LEDGER,
           "there = min(amount, purse.available)", "there = min(amount, purse.balance)"),
    Mutant("receive: said twice at once is done once", (MONEY,), LEDGER,
           "        except IntegrityError:\n", "        except LookupError:\n"),
    Mutant("the books are opened beforehand", (MONEY,), "billing/apps.py", "            ledger.open_books()\n", ""),
)  # fmt: skip

OF_A_GENERATION = (
    Mutant("step: only from where it may", (CHANCE,), MODELS,
           "filter(pk=self.pk, status__in=legal)", "filter(pk=self.pk)"),
    Mutant("step: only from where it is meant", (CHANCE, WORDS), MODELS,
           "if not only_from or origin in only_from]", "]"),
    Mutant("step: only for the current draw", (CHANCE, WORDS), MODELS,
           "            rows = rows.filter(draw=draw)\n", "            pass\n"),
    Mutant("submit: the credits are held", (CHANCE,), LIFECYCLE, "    if total:\n        ledger.set_aside(",
           "    if not total:\n        ledger.set_aside("),
    Mutant("submit: the key's limits are heeded", (CHANCE, MONEY), LIFECYCLE, "key=generation.key, limits=limits, ",
           "key=generation.key, "),
    Mutant("submit: one wish is one generation", (CHANCE,), LIFECYCLE,
           "wish=wish, unfinished", "wish=None, unfinished"),
    Mutant("submit: who lost the race gets the other's generation", (MONEY,), LIFECYCLE,
           "        known = _wished_before(user, wish)\n        if known is None:\n            raise",
           "        known = None\n        if known is None:\n            raise"),
    Mutant("submit: a quote binds", (CHANCE,), LIFECYCLE, "amount = min(amount, quote.image_price)", "pass"),
    Mutant("submit: never more than was shown", (CHANCE,), LIFECYCLE,
           "if at_most is not None and total > at_most:", "if at_most is not None and total < 0:"),
    Mutant("cancel: not what is being stored or final", (CHANCE,), LIFECYCLE,
           "pk=image.pk, status__in=[Status.QUEUED, Status.SENDING, Status.UNKNOWN, Status.DRAWING]", "pk=image.pk"),
    Mutant("cancel: at once only what is queued", (CHANCE,), LIFECYCLE,
           "finish(image, Status.CANCELED, only_from=[Status.QUEUED])", "finish(image, Status.CANCELED)"),
    Mutant("finish: counted in one statement", (PICTURES,), LIFECYCLE,
           'left = update_returning(generation, "unfinished", unfinished=F("unfinished") - 1)[0]',
           'left = generation.get().unfinished - 1\n    generation.update(unfinished=F("unfinished") - 1)'),
    Mutant("finish: the last one settles", (CHANCE,), LIFECYCLE, "    if left == 0:\n        settle",
           "    if left < 0:\n        settle"),
    Mutant("settle: only what was delivered", (CHANCE,), LIFECYCLE,
           "for image in images if image.status == Status.STORED)", "for image in images)"),
    Mutant("events: the number is taken under a lock", (PICTURES,), "generations/events.py",
           '    taken = _take(user_id, len(told))\n    if not taken:',
           '    rows = Customer.objects.filter(user_id=user_id)\n    taken = [(row.seq + len(told),) for row in rows]\n'
           '    rows.update(seq=F("seq") + len(told))\n    if not taken:'),
)  # fmt: skip

OF_A_DRAW = (
    Mutant("claim: one sender", (CHANCE,), DRAWS, "pk=draw.pk, sent_at=None).update", "pk=draw.pk).update"),
    Mutant("claim: only the current draw", (WORDS,), DRAWS,
           "filter(Exists(current), pk", "filter(pk"),
    Mutant("lost: never sent again blindly", (CHANCE, KILLED), DRAWS,
           '    _write(draw, outcome="unknown", may_be_billed=True)\n    with',
           "    _again(draw, only_from=[Status.SENDING], failure=FAL_BUSY, delay_s=0)\n    with"),
    Mutant("never arrived: only an unknown one", (CHANCE, WORDS), DRAWS,
           "_again(draw, only_from=[Status.UNKNOWN], failure=TIMED_OUT, delay_s=0)",
           "_again(draw, only_from=[], failure=TIMED_OUT, delay_s=0)"),
    Mutant("expired: only what is drawn", (CHANCE, WORDS), DRAWS,
           "_fail(draw, *TIMED_OUT, only_from=[Status.DRAWING])", "_fail(draw, *TIMED_OUT, only_from=[])"),
    Mutant("given up: not what is here", (CHANCE, WORDS), DRAWS,
           "_fail(draw, *LOST, only_from=[Status.UNKNOWN, Status.DRAWING])", "_fail(draw, *LOST, only_from=[])"),
    Mutant("refused: only what was sent", (WORDS,), DRAWS,
           "_again(draw, only_from=UNANSWERED, failure=FAL_BUSY", "_again(draw, only_from=[], failure=FAL_BUSY"),
    Mutant("locked: only what was sent", (WORDS,), DRAWS,
           "draw=draw, only_from=[Status.SENDING], deadline_at", "draw=draw, deadline_at"),
    Mutant("answered: no answer is no answer", (CHANCE, WORDS), DRAWS,
           "if verdict.kind in (Kind.BUSY, Kind.LOCKED) or (", "if ("),
    Mutant("answered: the first error stands", (WORDS,), DRAWS, "else rows.filter(completed_at=None)", "else rows"),
    Mutant("answered: not over a word that came late", (WORDS,), DRAWS,
           "filter(pk=draw.pk, completed_at=None).update(outcome", "filter(pk=draw.pk).update(outcome"),
    Mutant("answered: a request is of one draw", (WORDS,), DRAWS,
           "    if not Draw.objects.filter(request_id=request_id).exists():\n", "    if request_id:\n"),
    Mutant("accepted: a request is of one draw", (WORDS,), DRAWS,
           "    except IntegrityError:", "    except LookupError:"),
    Mutant("accepted: counted and stepped for the current draw", (CHANCE, WORDS), DRAWS,
           "image.step(Status.DRAWING, draw=draw, refusals=0,", "image.step(Status.DRAWING, refusals=0,"),
    Mutant("again: at most three draws", (WORDS,), DRAWS,
           "if image.draws_made >= MOST_DRAWS or is_late:", "if is_late:"),
    Mutant("again: a wish to cancel is fulfilled", (CHANCE,), DRAWS,
           "if image.cancel_requested_at and lifecycle.finish(", "if image.sha256 and lifecycle.finish("),
    Mutant("fetch: one at a time", (CHANCE,), COLLECT, "filter(free, pk=draw.image_id, status",
           "filter(pk=draw.image_id, status"),
    Mutant("fetch: only what is drawn, of the current draw", (CHANCE,), COLLECT,
           "pk=draw.image_id, status=Status.STORING, draw=draw)\n    return", "pk=draw.image_id)\n    return"),
    Mutant("fetch: no file for what was deleted meanwhile", (PICTURES,), COLLECT,
           "Generation.objects.filter(pk=image.generation_id, deleted_at=None).exists()",
           "image.generation.deleted_at is None"),
    Mutant("fetch: files before the step", (KILLED,), COLLECT, "        stored = store.write(developed)\n",
           "        lifecycle.finish(image, Status.STORED, draw=draw, sha256=picture.sha256)\n"
           "        stored = store.write(developed)\n"),
)  # fmt: skip

OF_THE_QUEUE = (
    Mutant("dispatch: one at a time", (PICTURES,), DISPATCH, "state = fal_state.lock()", "state = fal_state.row()"),
    Mutant("dispatch: only as many as there is room for", (CHANCE,), DISPATCH, "min(places() - in_flight(), MOST",
           "min(places(), MOST"),
    Mutant("dispatch: not what was told to wait", (CHANCE,), DISPATCH,
           "queued().due().in_turn()", "queued().in_turn()"),
    Mutant("dispatch: in turn", (FAIR,), DISPATCH, "queued().due().in_turn()", 'queued().due().order_by("id")'),
    Mutant("fair order: behind one's own", (FAIR,), "generations/fair_order.py",
           "max(present or lowest or 0, waiting or 0)", "present or lowest or 0"),
    Mutant("fair order: not before the present", (FAIR,), "generations/fair_order.py",
           "max(present or lowest or 0, waiting or 0)", "waiting or 0"),
    Mutant("fair order: the weight counts", (FAIR,), "generations/fair_order.py",
           "* 1000) // set_limits.amount(WEIGHT, user_id))", "* 1000))"),
    Mutant("fair order: the present moves on", (FAIR,), DISPATCH, "update(present_turn=highest)",
           'update(present_turn=F("present_turn"))'),
    Mutant("a lease has one holder", (PICTURES,), "generations/follow.py",
           "filter(free, name=NAME)", "filter(name=NAME)"),
)  # fmt: skip

OF_FAL = (
    Mutant("history: not there is only sure after a while", (WORDS,), "generations/unknowns.py",
           "and found.complete and now > _sure_from(draw)", "and found.complete"),
    Mutant("history: only a whole one proves anything", (WORDS,), "generations/unknowns.py",
           "and found.complete and now", "and now"),
    Mutant("history: not another draw's request", (WORDS,), "generations/unknowns.py",
           "exclude=_known(draw, since, until)", "exclude=set()"),
    Mutant("look: too late to cancel is finished", (WORDS,), "generations/looks.py",
           "== client.CancelAnswer.TOO_LATE:", "is None:"),
    Mutant("look: no answer for ever is an end", (WORDS,), "generations/looks.py",
           "draws.answered)(draw, *answer) or await sync_to_async(_no_word)(draw)", "draws.answered)(draw, *answer)"),
    Mutant("look: patience while fal is away", (WORDS,), "generations/looks.py",
           "if deadline is None or timezone.now() < deadline + LOST_CONTACT_PATIENCE:", "if deadline is None:"),
    Mutant("lock: an old picture does not lift it", (WORDS, HOOKS), "generations/fal_state.py",
           "filter(pk=1).exclude(state=FalState.State.LOCKED))", "filter(pk=1))"),
    Mutant("lock: a refused probe waits", (WORDS,), "generations/fal_state.py",
           "FalState.objects.filter(pk=1).exclude(state=FalState.State.OK).update(\n        probe_at",
           "FalState.objects.filter(pk=1, state=FalState.State.DOWN).update(\n        probe_at"),
    Mutant("sweep: one defect does not stop it", (WORDS,), "generations/sweep.py", "        except Exception:\n",
           "        except ArithmeticError:\n"),
    Mutant("sweep: whoever sent and died is asked about", (KILLED,), "generations/sweep.py",
           "            draws.lost(image.draw)\n", "            pass\n"),
    Mutant("sweep: what nobody sent is sent", (KILLED,), "generations/sweep.py",
           "        nudge(SEND, str(image.draw_id))\n", "        pass\n"),
    Mutant("sweep: what nobody fetched is fetched", (KILLED,), "generations/sweep.py",
           "        nudge(COLLECT, str(image.draw_id))\n", "        pass\n"),
    Mutant("webhook: of these minutes", (HOOKS,), "generations/fal/webhook.py",
           "or abs(now - int(timestamp)) > TOLERANCE_S:", "or False:"),
    Mutant("webhook: signed", (HOOKS,), "generations/fal/webhook.py",
           "    _check(bytes.fromhex(signature), message, now)\n", ""),
    Mutant("webhook: the body is signed", (HOOKS,), "generations/fal/webhook.py",
           "hashlib.sha256(raw_body).hexdigest()", "hashlib.sha256(raw_body.replace(b'KO', b'OK')).hexdigest()"),
    Mutant("webhook: of our account", (HOOKS,), "generations/hooks.py",
           "if not fal_state.is_our_account(hook.user_id):", "if not hook.user_id:"),
    Mutant("webhook: of this draw's request", (HOOKS,), "generations/hooks.py",
           "if draw.request_id not in (None, hook.request_id):", "if draw.request_id == hook.user_id:"),
    Mutant("webhook: without a payload is asked about", (HOOKS,), "generations/hooks.py",
           "    if hook.needs_fetch:", "    if hook.user_id is None:"),
)  # fmt: skip

MUTANTS = OF_THE_LEDGER + OF_A_GENERATION + OF_A_DRAW + OF_THE_QUEUE + OF_FAL
