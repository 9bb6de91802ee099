/* evs-csi-metadata: prints who this server is, as one line of JSON, and ends. The node starts it when it has not been
 * told its id or zone, so that the node itself needs no HTTP client. Exit code 0 or 1 with a line on stderr. */
#include "base/error.h"
#include "base/text.h"
#include "node/metadata_fetch.h"

#include <curl/curl.h>

#include "version.h"

static gboolean parse(int *argc, char ***argv, char **ret_url, gboolean *ret_version, GError **error)
{
  const GOptionEntry entries[] = {
    {"metadata-url", 0, 0, G_OPTION_ARG_STRING, ret_url, "default http://169.254.169.254", "URL"},
    {"version", 0, 0, G_OPTION_ARG_NONE, ret_version, "print the version", NULL},
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr(GOptionContext) context = g_option_context_new("- ask the metadata service who this server is");
  g_option_context_add_main_entries(context, entries, NULL);
  return g_option_context_parse(context, argc, argv, error);
}

int main(int argc, char **argv)
{
  g_autofree char *url = NULL;
  gboolean version = FALSE;
  g_autoptr(GError) error = NULL;
  g_autofree char *document = NULL, *digest = NULL;
  gboolean good = parse(&argc, &argv, &url, &version, &error);
  if (good && version) {
    puts("evs-csi-metadata " EVS_VERSION);
    return EXIT_SUCCESS;
  }
  curl_global_init(CURL_GLOBAL_DEFAULT);
  document = good ? metadata_fetch(url ? url : "http://169.254.169.254", &error) : NULL;
  digest = document ? metadata_digest(document, &error) : NULL;
  if (digest)
    puts(digest);
  else
    fprintf(stderr, "evs-csi-metadata: %s\n", error->message);
  curl_global_cleanup();
  return digest ? EXIT_SUCCESS : EXIT_FAILURE;
}
