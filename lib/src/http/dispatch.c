/* dispatch.c: a request between acceptor, queue and worker; see request.h for who owns it.
 *
 * A worker tells the acceptor of a request by setting a bit in `reports` and, if there was
 * none set, pushing the request on the acceptor's stack: it is there at most once, however
 * much there is to tell. DONE is the last thing a worker does with a request. It wakes
 * nobody: the worker goes on to the next job, and the pool calls weir__acceptor_quiet()
 * before that takes long.
 */
#include <errno.h>

#include "base/overflow.h"
#include "base/tick.h"
#include "http/client_limits.h"
#include "http/exchange.h"
#include "http/rehearsal.h"
#include "http/upgrade.h"

/* A handler that takes less than this on average is run in a batch by one worker. */
#define BRIEF (50 * WEIR_MICROSECOND)

void weir__request_accept(weir_request *request)
{
	struct weir__acceptor *acceptor = request->acceptor;

	request->accepted_at = acceptor->now;
	request->counted = true;
	request->stage = WEIR__RECEIVING;
	weir__list_append(&acceptor->requests, &request->in_flight);
	weir__counter_add(&weir__counters_of(acceptor, request->scope)->requests_accepted, 1);
	if (request->scope == WEIR_SCOPE_PUBLIC)
		weir__counter_add(&acceptor->in_flight, 1);
}

/* On the timer thread, which holds a reference for as long as this runs; the report needs
 * one of its own. */
static void deadline_passed(void *arg)
{
	weir_request *request = arg;

	(void)weir_token_ref(&request->token);
	weir__acceptor_report(request, WEIR__REPORT_LATE);
}

int weir__request_set_deadline(weir_request *request, weir_time duration)
{
	weir_time deadline;
	int error;

	if (__builtin_add_overflow(request->accepted_at, duration, &deadline))
		deadline = WEIR_NEVER;
	error = weir_token_set_deadline(&request->token, deadline);
	request->timed = !error;
	request->deadline = deadline;
	if (!error)
		weir__token_callback_add(&request->token, &request->deadline_passed,
					 deadline_passed, request);
	return error;
}

static void count_outcome(const weir_request *request)
{
	struct weir__counters *counters = weir__counters_of(request->acceptor, request->scope);
	int reason;

	switch (request->outcome) {
	case WEIR__ANSWERED:
		weir__counter_add(&counters->requests_answered, 1);
		break;
	case WEIR__REFUSED:
		weir__counter_add(&counters->requests_refused, 1);
		break;
	case WEIR__CANCELLED:
		reason = weir_token_reason(&request->token);
		if (reason >= WEIR_REASON_COUNT)
			reason = WEIR_REASON_USER;
		weir__counter_add(&counters->requests_cancelled[reason], 1);
		break;
	case WEIR__CUT:
		weir__counter_add(&counters->requests_cut, 1);
		break;
	}
	weir__histogram_add(&counters->duration, request->acceptor->now - request->accepted_at);
}

static void finish(weir_request *request)
{
	struct weir__acceptor *acceptor = request->acceptor;

	/* Waits for one that is running, which takes no time: its report is ours to take, and
	 * the acceptor must not go away under it. */
	if (request->timed)
		(void)weir_token_callback_remove(&request->deadline_passed);
	weir__list_remove(&request->in_flight);
	count_outcome(request);
	weir__limits_request_over(request);
	if (request->tells_report)
		acceptor->telling--;
	if (request->scope == WEIR_SCOPE_PUBLIC) {
		weir__counter_sub(&acceptor->in_flight, 1);
		if (acceptor->draining)
			weir__intake_progress(acceptor);
	}
	if (request->rehearsal)
		weir__rehearsal_over(acceptor, request->rehearsal,
				     request->route ? request->route->pattern : "-");
	weir__upgraded_drop(request->response.upgraded);
	request->response.upgraded = NULL;
	if (request->routes)
		weir__routes_give_back(request->routes);
	weir__request_release(request);
}

void weir__request_over(weir_request *request, enum weir__outcome outcome)
{
	request->conn = NULL;
	request->outcome = outcome;
	weir__later_detach(request);
	if (request->pipe)
		(void)weir__pipe_end(request->pipe, -ECANCELED);
	/* A stream's writer needs no word: unless all was sent, the token has been tripped. */
	if (!request->with_worker || weir__request_recall(request))
		finish(request);
}

static void learn(struct weir__route *route, const struct weir__run *run)
{
	int64_t average = atomic_load_explicit(&route->average, memory_order_relaxed);
	weir_time duration = run->ended - run->begun;

	weir__stats_add(&route->stats, run);
	average = average < 0 ? duration : average + (duration - average) / 8;
	atomic_store_explicit(&route->average, average, memory_order_relaxed);
}

/* Ticks are coarse: no gap is longer than the run. */
static void end_run(weir_request *request, weir_time begun, struct weir__run *out)
{
	weir_time now = weir_now(), gap = weir__gap_at(&request->gap, now);

	*out = (struct weir__run){
		.begun = begun,
		.ended = now,
		.gap = gap < now - begun ? gap : now - begun,
		.looked = weir__gap_looked(&request->gap),
		.cancelled = weir__token_tripped(&request->token),
	};
}

/* Whether it was cancelled while it waited. Its deadline may have passed, and the timer thread not
 * have been there yet. */
static bool is_in_vain(weir_request *request, weir_time now)
{
	if (request->deadline <= now)
		(void)weir_token_cancel(&request->token, WEIR_REASON_DEADLINE, NULL);
	return weir__token_tripped(&request->token);
}

/* Runs the handler, unless that would be in vain. */
static void handle(weir_request *request, weir_time begun)
{
	struct weir__route *route = request->route;
	struct weir__run run;

	weir__tick_update(begun);
	request->result = is_in_vain(request, begun) ? -ECANCELED : 0;
	if (request->result)
		return;
	weir__gap_reset(&request->gap, begun);
	weir__gap_of_thread(&request->gap);
	atomic_store_explicit(&request->begun_at, begun, memory_order_relaxed);
	weir__overflow_route(route->pattern);
	request->result = route->handler(request, &request->response, &request->token);
	weir__overflow_route(NULL);
	weir__request_settle(request);
	weir__gap_of_thread(NULL);
	if (request->result > 0)
		request->result = -EINVAL;
	end_run(request, begun, &run);
	learn(route, &run);
}

/* What is left to do on the worker: an answer is made here, not on the acceptor, which has
 * enough to do. */
static void conclude(weir_request *request)
{
	weir_response *response = &request->response;
	bool complete = response->kind != WEIR__BODY_STREAM || response->stream_length < 0 ||
			response->written == (uint64_t)response->stream_length;

	if (request->pipe)
		(void)weir__pipe_end(request->pipe, -EPIPE);
	/* A handler may overlook that a write has failed; the client must not take what it has
	 * got for the whole. */
	if (!request->result && response->kind == WEIR__BODY_STREAM)
		request->result = response->write_error;
	if (!request->result && !complete)
		request->result = -EIO;
	if (!request->result && !request->stream_begun)
		request->result = weir__reply_make(response);
	if (response->pipe)
		(void)weir__pipe_end(response->pipe,
				     weir__response_said_all(response) ? 0 : request->result);
}

static void run(struct weir__job *job)
{
	weir_request *request = weir__container(job, weir_request, job);

	atomic_store_explicit(&request->running, true, memory_order_relaxed);
	handle(request, job->taken); /* just now: the clock need not be read again */
	conclude(request);
	weir__acceptor_report(request, WEIR__REPORT_DONE);
}

/* Whoever finds that it must not be run has nothing more to do with it than this: the acceptor
 * answers. */
static void refuse(struct weir__job *job)
{
	weir_request *request = weir__container(job, weir_request, job);

	request->result = -EBUSY;
	if (request->pipe)
		(void)weir__pipe_end(request->pipe, -EPIPE);
	weir__acceptor_report(request, WEIR__REPORT_DONE);
}

static const struct weir__job_ops job_ops = {.run = run, .refuse = refuse};

int weir__request_dispatch(weir_request *request)
{
	struct weir__acceptor *acceptor = request->acceptor;
	int64_t average = atomic_load_explicit(&request->route->average, memory_order_relaxed);
	int error;

	request->job.ops = &job_ops;
	request->job.brief = average >= 0 && average < BRIEF;
	request->job.lane = &request->route->lane;
	request->job.priority = request->scope == WEIR_SCOPE_ADMIN
					? WEIR_PRIORITY_FIRST
					: request->route->options.priority;
	request->with_worker = true;
	request->stage = WEIR__DISPATCHED;
	error = weir__queue_push_at(acceptor->options.queue, &request->job, acceptor->now);
	if (error) {
		request->with_worker = false;
		request->stage = WEIR__RECEIVING;
		return error;
	}
	acceptor->kick = true;
	return 0;
}

void weir__request_expect(weir_request *request)
{
	struct weir__acceptor *acceptor = request->acceptor;
	int64_t average = atomic_load_explicit(&request->route->average, memory_order_relaxed);

	/* Not run yet: might take any time. */
	acceptor->expected += average < 0 ? WEIR_SECOND : average;
}

bool weir__request_recall(weir_request *request)
{
	if (!weir__queue_remove(request->acceptor->options.queue, &request->job))
		return false;
	request->with_worker = false;
	request->result = -ECANCELED;
	return true;
}

void weir__request_run_inline(weir_request *request)
{
	request->stage = WEIR__DISPATCHED;
	request->acceptor->inline_request = request;
	handle(request, weir_now());
	request->acceptor->inline_request = NULL;
	if (weir__later_park(request))
		return;
	conclude(request);
	weir__answer_result(request);
}

void weir__request_run_apart(weir_request *request, void (*between)(weir_request *request))
{
	handle(request, weir_now());
	between(request);
	conclude(request);
}

void weir__acceptor_report(weir_request *request, unsigned what)
{
	struct weir__acceptor *acceptor = request->acceptor;

	/* acq_rel: what this thread wrote is seen by whoever takes the bits. After the push the
	 * request may be gone. */
	if (atomic_fetch_or_explicit(&request->reports, what, memory_order_acq_rel) == 0)
		weir__stack_push(&acceptor->reports, &request->report_node);
	if (what != WEIR__REPORT_DONE)
		weir__acceptor_wake(acceptor);
}

static bool gave_up(const weir_request *request)
{
	return request->result == -ECANCELED && weir__token_tripped(&request->token);
}

/* The answer is under way, and its end was put into its pipe. What a cancelled handler has left
 * in there is not waited for, unless it is the rest of a whole answer: its client may not be
 * reading at all. Its header is: it has been counted, and a client that has seen none of it does
 * not know whether it may ask again. */
static void end_stream(weir_request *request)
{
	if (gave_up(request) && !weir__response_said_all(&request->response)) {
		request->cut = weir_token_reason(&request->token) != WEIR_REASON_CLIENT_GONE;
		if (request->cut)
			weir__answer_log(request, "stream-cut");
		request->broken_off = true;
		if (request->header_sent)
			weir__conn_close(request->acceptor, request->conn);
		else
			weir__conn_resume(request->acceptor, request);
	} else {
		if (request->result && !gave_up(request))
			weir__answer_log(request, "handler-failed");
		weir__conn_resume(request->acceptor, request);
	}
}

static void count_wait(const weir_request *request)
{
	struct weir__counters *counters = weir__counters_of(request->acceptor, request->scope);

	weir__histogram_add(&counters->queue_wait, request->job.waited);
}

/* The handler has returned, or the queue has refused it: the request is the acceptor's again. */
static void take_back(weir_request *request)
{
	request->with_worker = false;
	if (!request->job.refusal)
		count_wait(request);
	if (!request->conn) {
		finish(request);
	} else if (request->job.refusal) {
		weir__refusal_answer(request);
	} else if (request->stream_begun) {
		end_stream(request);
	} else {
		weir__answer_result(request);
	}
}

/* Its token was tripped before a handler had it, by its deadline: answers now. A handler sees
 * to it by itself. */
static void take_late(weir_request *request)
{
	if (request->conn && request->stage != WEIR__REPLYING &&
	    weir_token_reason(&request->token) == WEIR_REASON_DEADLINE &&
	    (!request->with_worker || weir__request_recall(request)))
		weir__answer_cancelled(request);
	weir__request_release(request);
}

/* A stream that was cancelled before the acceptor has looked at its beginning: nothing of it has
 * been sent, so it is answered like any other request, and not broken off. */
static bool never_begun(const weir_request *request, unsigned what)
{
	return what & WEIR__REPORT_BEGIN && what & WEIR__REPORT_DONE && gave_up(request) &&
	       !weir__response_said_all(&request->response);
}

static void take_report(weir_request *request, unsigned what)
{
	struct weir__acceptor *acceptor = request->acceptor;

	if (never_begun(request, what)) {
		request->stream_begun = false;
		what &= ~(unsigned)(WEIR__REPORT_DATA | WEIR__REPORT_SPACE);
	} else if (what & WEIR__REPORT_BEGIN && request->conn) {
		weir__answer_queue(request, WEIR__ANSWERED);
	}
	if (what & (WEIR__REPORT_DATA | WEIR__REPORT_SPACE))
		weir__conn_resume(acceptor, request);
	/* The last three may be the last one sees of the request: LATE and LATER hold a reference.
	 */
	if (what & WEIR__REPORT_DONE)
		take_back(request);
	if (what & WEIR__REPORT_LATE)
		take_late(request);
	if (what & WEIR__REPORT_LATER) {
		weir__later_deliver(request);
		weir__request_release(request);
	}
}

void weir__reports_take(struct weir__acceptor *acceptor)
{
	struct weir__stack_node *node = weir__stack_take(&acceptor->reports);

	while (node) {
		weir_request *request = weir__container(node, weir_request, report_node);

		node = node->next; /* before the bits are given back: it may be pushed again */
		take_report(request,
			    atomic_exchange_explicit(&request->reports, 0, memory_order_acq_rel));
	}
}
