/* Private images: what 7.1.13 exports disks to and disks are made of (imageRef). The model, its journal records, its files
 * (DIR/images/<id>.img, raw bytes whatever format was asked for), and the few calls of the image service (ims.c) by which
 * clients see that they are there. */
#pragma once

#include "evssim/disks.h"

#define IMAGE_SAVING "saving"
#define IMAGE_ACTIVE "active"
#define IMAGE_KILLED "killed"

typedef struct {
  char *id; /* first: list_page.h */
  Project *project;
  char *name, *volume_id, *disk_format, *container_format, *os_type; /* never NULL */
  const char *status;                                                /* interned: IMAGE_* */
  gint64 size_gib;                                                   /* of the disk: min_disk */
  gboolean of_system;                                                /* of a bootable disk */
  gint64 created_us, updated_us;                                     /* cloud wall clock */
  guint64 serial;
} Image;

/* What an export asks for. */
typedef struct {
  const char *name, *disk_format, *container_format, *os_type;
} ImageOptions;

/* An image in saving with the disk's bytes of this moment; owned by the sim. NULL if they cannot be copied. */
const Image *image_export(Sim *sim, const Disk *disk, const char *id, const ImageOptions *options,
                          GError **error);
void image_set_status(Sim *sim, Image *image, const char *status);
void image_remove(Sim *sim, Image *image);

/* NULL if there is none of this id, or id is NULL. */
Image *sim_image(const Sim *sim, const char *id);
/* The file; newly allocated. */
char *image_file(const Sim *sim, const Image *image);
/* What a disk made of it shows as volume_image_metadata: an object of texts. */
json_t *image_marks(const Image *image);

/* Rows of /_sim/state. */
json_t *images_state(const Sim *sim);
/* Journal kind, directory and routes of the image service. */
void images_start(Sim *sim);
void images_stop(Sim *sim);
/* After state_open(): files of images that are not in the journal are removed. */
void images_sweep_files(Sim *sim);

/* ims.c */
void ims_start(Sim *sim);
