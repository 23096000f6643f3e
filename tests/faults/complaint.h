/* faults/complaint.h: what the binary says when it cannot start. */
#ifndef WEIR_TESTS_FAULTS_COMPLAINT_H
#define WEIR_TESTS_FAULTS_COMPLAINT_H

#include "faults/subject.h"

/* A start has failed: waits for its end, and fails the test unless that was with 2, and after one
 * line that says what failed. */
void complaint_check(struct subject *subject);

#endif
