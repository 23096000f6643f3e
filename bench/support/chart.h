/* chart.h: bars as an SVG picture: panels one below the other, each with its own unit and
 * scales that begin at zero. */
#ifndef BENCH_CHART_H
#define BENCH_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define BENCH_CHART_COLOURS 6

struct bench_chart_bar {
	const char *label; /* borrowed */
	double value;      /* NaN: no bar */
	unsigned colour;   /* below BENCH_CHART_COLOURS; the same thing has the same colour */
};

/* Bars under one heading within a panel ("64 connections"); the heading may be "". */
struct bench_chart_group {
	const char *heading;
	const struct bench_chart_bar *bars;
	size_t bar_count;
};

struct bench_chart_panel {
	const char *title; /* with the unit and which direction is better */
	const struct bench_chart_group *groups;
	size_t group_count;
	bool group_scales; /* each group has its own scale, not all of the panel one */
};

/* Returns 0 or -EIO. */
int bench_chart_write(FILE *file, const char *title, const char *subtitle,
		      const struct bench_chart_panel *panels, size_t panel_count);

#endif
