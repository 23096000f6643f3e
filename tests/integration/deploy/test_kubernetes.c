/* docs/deploy/kubernetes.yaml: its numbers follow from one another, and the configuration in it is
 * one that `weir check` takes. */
#include "duration.h"
#include "support/must.h"
#include "support/process.h"
#include "support/scratch.h"
#include "yaml_path.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is left between the last moment of a stop and SIGKILL. */
#define MARGIN 5

struct manifest {
	struct scratch directory;
	char *text, *config;
	size_t size;
};

static void load_manifest(struct manifest *manifest)
{
	struct scratch deploy = {.fd = open(WEIR_DEPLOY, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	must(deploy.fd >= 0, "no " WEIR_DEPLOY);
	manifest->text = scratch_read(&deploy, "kubernetes.yaml", &manifest->size);
	must(manifest->text != NULL, "no kubernetes.yaml");
	(void)close(deploy.fd);
	manifest->config = yaml_path(manifest->text, manifest->size, "ConfigMap", "data/weir.yaml");
	scratch_make(&manifest->directory);
}

static void free_manifest(struct manifest *manifest)
{
	free(manifest->text);
	free(manifest->config);
	scratch_remove(&manifest->directory);
}

/* A number of the deployment. */
static unsigned long number(const struct manifest *manifest, const char *path)
{
	return yaml_number(manifest->text, manifest->size, "Deployment", path);
}

/* One of the configuration's timeouts, in whole seconds. */
static unsigned long seconds(const struct manifest *manifest, const char *path)
{
	char *text = yaml_path(manifest->config, strlen(manifest->config), NULL, path);
	weir_time value;
	must(duration_parse(text, &value) == 0, "%s: \"%s\" is not a duration", path, text);
	free(text);
	return (unsigned long)(value / WEIR_SECOND);
}

#define PROBE "spec.template.spec.containers[0].readinessProbe."

Test(kubernetes, the_numbers_follow_from_one_another)
{
	struct manifest manifest;
	load_manifest(&manifest);
	unsigned long lame_duck = seconds(&manifest, "timeouts.lame_duck");
	unsigned long grace = seconds(&manifest, "timeouts.grace");
	unsigned long drain = seconds(&manifest, "timeouts.drain_timeout");
	unsigned long patience =
		number(&manifest, "spec.template.spec.terminationGracePeriodSeconds");
	unsigned long noticed = number(&manifest, PROBE "periodSeconds") *
					number(&manifest, PROBE "failureThreshold") +
				number(&manifest, PROBE "timeoutSeconds");
	cr_expect_lt(noticed, lame_duck);
	cr_expect_lt(grace, drain);
	cr_expect_leq(lame_duck + drain + MARGIN, patience);
	cr_expect_eq(number(&manifest, "spec.strategy.rollingUpdate.maxUnavailable"), 0);
	cr_expect_lt(yaml_number(manifest.text, manifest.size, "PodDisruptionBudget",
				 "spec.minAvailable"),
		     number(&manifest, "spec.replicas"));
	free_manifest(&manifest);
}

Test(kubernetes, probes_ask_where_the_service_leads)
{
	struct manifest manifest;
	load_manifest(&manifest);
	char *address =
		yaml_path(manifest.config, strlen(manifest.config), NULL, "listeners[0].address");
	char *path = yaml_path(manifest.text, manifest.size, "Deployment", PROBE "httpGet.path");
	char *port = yaml_path(manifest.text, manifest.size, "Service", "spec.ports[0].targetPort");
	char *named = yaml_path(manifest.text, manifest.size, "Deployment",
				"spec.template.spec.containers[0].ports[0].name");
	unsigned long listens = strtoul(strrchr(address, ':') + 1, NULL, 10);
	cr_expect_str_eq(path, "/readyz");
	cr_expect_str_eq(port, named);
	cr_expect_eq(number(&manifest, "spec.template.spec.containers[0].ports[0].containerPort"),
		     listens);
	free(address);
	free(path);
	free(port);
	free(named);
	free_manifest(&manifest);
}

Test(kubernetes, weir_takes_the_configuration)
{
	struct manifest manifest;
	load_manifest(&manifest);
	scratch_write(&manifest.directory, "weir.yaml", manifest.config, strlen(manifest.config));
	const char *const argv[] = {WEIR_BINARY, "check", "weir.yaml", NULL};
	struct process process;
	process_start(&process, manifest.directory.path, argv);
	int code = process_wait(&process);
	cr_expect_eq(code, 0, "exit code %d: %s", code, process.text);
	process_free(&process);
	free_manifest(&manifest);
}
