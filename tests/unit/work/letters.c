/* letters.c: see letters.h. */
#include "letters.h"

#include <criterion/criterion.h>
#include <string.h>

char refused[64];
size_t refused_count;

static void refuse(struct weir__job *job)
{
	cr_assert_not(job->queued);
	cr_assert_neq(job->refusal, WEIR__REFUSAL_NONE);
	refused[refused_count++] = weir__container(job, struct letter, job)->name;
	refused[refused_count] = '\0';
}

const struct weir__job_ops letter_ops = {.refuse = refuse};

static struct letter letters[26];
struct weir__queue queue;
struct weir__lane lane;

/* A queue with room for 10; its jobs are of one lane, without limits. */
void begin(const struct weir__queue_rules *rules)
{
	refused_count = 0;
	refused[0] = '\0';
	cr_assert_eq(weir__queue_init(&queue, 10), 0);
	if (rules)
		weir__queue_set_rules(&queue, rules);
	weir__lane_init(&lane, "GET /", 0, 0);
	for (int i = 0; i < 26; i++)
		letters[i] = (struct letter){.job = {.ops = &letter_ops, .lane = &lane}};
	for (int i = 0; i < 26; i++)
		letters[i].name = (char)('a' + i);
}

struct weir__job *job_of(char name)
{
	return &letters[name - 'a'].job;
}

int push(char name, enum weir_priority priority, weir_time at)
{
	job_of(name)->priority = priority;
	return weir__queue_push_at(&queue, job_of(name), START + at);
}

void push_all(const char *names, weir_time at)
{
	for (; *names; names++)
		cr_assert_eq(push(*names, WEIR_PRIORITY_NORMAL, at), 0);
}

/* 0: none. */
char take(weir_time at)
{
	struct weir__job *job = weir__queue_take_at(&queue, START + at);

	return job ? weir__container(job, struct letter, job)->name : 0;
}

void expect_taken(const char *names, weir_time at)
{
	for (; *names; names++)
		cr_assert_eq(take(at), *names, "not %c", *names);
}

/* Lets the queue stand for an interval of 100 ms up to `until`: it is overloaded from the next
 * dequeue on, which is the first of its interval. The job y goes round. */
void overload(weir_time until)
{
	push_all("y", until - 200 * MS);
	push_all("z", until - 200 * MS);
	expect_taken("y", until - 100 * MS);
	push_all("y", until - 100 * MS);
	cr_assert_str_empty(refused);
	cr_assert(weir__queue_remove(&queue, job_of('z')));
}
