/* An error answer that quotes the request: gateways explain a wrong signature with all that they signed, X-Security-Token
 * included, and the text would go on into logs and events. */
#pragma once

#include "evsclient/http.h"

enum {
  ECHO_MIN_SECRET = 6, /* bytes: shorter ones would blot out words, and real ones are longer */
};

/* Puts "***" wherever one of the request's secrets stands in the body, as it is or with JSON's escaped slashes: header
 * values (Authorization, X-Auth-Token, X-Security-Token, X-Subject-Token, X-Metadata-Token) and the keys and password of
 * request->config. */
void evs_echo_mask(const EvsHttpRequest *request, GString *body);
