/* The metadata service of each simulated server, under /meta/<server-id> (in a real server: http://169.254.169.254):
 *
 *   GET /openstack/latest/meta_data.json   who and where the server is
 *   GET /openstack/latest/securitykey      temporary access key of the server's agency: valid 24 h, a new one is given
 *                                          from 6 h before the end, the old one works until its end
 *   PUT /meta-data/latest/api/token        session token (X-Metadata-Token-Ttl-Seconds: 60-21600, default 21600)
 *
 * A GET may carry X-Metadata-Token: then the token must be valid, else 401. A server can be set to demand one (PUT
 * .../cloudservers/<id>/metadata-options {"http_tokens":"required"} at ECS). Requests with X-Forwarded-For are refused.
 * The started service is metadata_start() of parts.h. */
#pragma once

#include "evssim/sim.h"

/* Handler of PUT /v1/{project_id}/cloudservers/{server_id}/metadata-options. */
void metadata_handle_options(Request *request);
