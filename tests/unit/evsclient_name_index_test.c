/* evsclient/name_index.c: what is known after which reading. */
#include "evsclient/name_index.h"
#include "tests/unit/cmocka_all.h"

enum { PAGE = 1000 };

/* Names of records first+count-1 down to first: "n<number>", ids "i<number>". */
static gboolean read_page(NameIndex *index, guint first, guint count, gboolean end)
{
  for (guint i = first + count; i-- > first;) {
    g_autofree char *id = g_strdup_printf("i%u", i), *name = g_strdup_printf("n%u", i);
    name_index_add(index, id, name);
  }
  return name_index_page(index, end);
}

static void collect(const char *id, void *data)
{
  g_string_append_printf(data, "%s ", id);
}

static void assert_ids(const NameIndex *index, const char *name, const char *ids)
{
  g_autoptr(GString) found = g_string_new(NULL);
  name_index_find(index, name, collect, found);
  assert_string_equal(found->str, ids);
}

static NameIndex *read_whole(guint records, gint64 now_us)
{
  NameIndex *index = name_index_new();
  name_index_begin(index, now_us);
  guint left = records;
  for (; left > PAGE; left -= PAGE)
    assert_false(read_page(index, left - PAGE, PAGE, FALSE));
  assert_true(read_page(index, 0, left, TRUE));
  assert_int_equal(name_index_size(index), records);
  return index;
}

static void test_only_the_whole_list_is_known(void **state)
{
  (void)state;
  NameIndex *index = read_whole(3500, 1);
  assert_ids(index, "n0", "i0 ");
  assert_ids(index, "n3499", "i3499 ");
  assert_ids(index, "n3500", "");
  name_index_free(index);
}

/* 300 new ones: one page reaches what was known. */
static void test_one_page_is_enough_where_it_meets_the_known(void **state)
{
  (void)state;
  NameIndex *index = read_whole(3500, 1);
  name_index_begin(index, 2);
  assert_false(name_index_is_complete(index));
  assert_true(read_page(index, 2800, PAGE, FALSE));
  assert_true(name_index_is_complete(index));
  assert_int_equal(name_index_size(index), 3800);
  assert_ids(index, "n3799", "i3799 ");
  name_index_free(index);
}

/* 1200 new ones: the first page is all new, the second meets the known. */
static void test_a_gap_is_read_over(void **state)
{
  (void)state;
  NameIndex *index = read_whole(3500, 1);
  name_index_begin(index, 2);
  assert_false(read_page(index, 3700, PAGE, FALSE));
  assert_true(read_page(index, 2700, PAGE, FALSE));
  name_index_free(index);
}

/* A page that ends with too few known rows does not prove that nothing new hides between older ones. */
static void test_a_narrow_overlap_is_none(void **state)
{
  (void)state;
  NameIndex *index = read_whole(3500, 1);
  name_index_begin(index, 2);
  assert_false(read_page(index, 3500 - (NAME_INDEX_OVERLAP - 1), PAGE, FALSE));
  name_index_begin(index, 3);
  assert_false(read_page(index, 3400, PAGE, FALSE)); /* the reading before got nowhere: all over again */
  assert_false(name_index_is_complete(index));
  name_index_free(index);
}

/* The second page failed: what the first brought must not count as known next time. */
static void test_a_reading_broken_off_proves_nothing(void **state)
{
  (void)state;
  NameIndex *index = read_whole(3500, 1);
  name_index_begin(index, 2);
  assert_false(read_page(index, 4500, PAGE, FALSE));
  name_index_begin(index, 3);
  assert_false(read_page(index, 4500, PAGE, FALSE));
  assert_ids(index, "n5499", "i5499 ");
  name_index_free(index);
}

static void test_the_whole_list_forgets_what_is_gone(void **state)
{
  (void)state;
  NameIndex *index = read_whole(700, 1);
  name_index_begin(index, 2);
  assert_true(read_page(index, 650, 100, TRUE));
  assert_int_equal(name_index_size(index), 100);
  assert_ids(index, "n3", "");
  assert_ids(index, "n700", "i700 ");
  name_index_free(index);
}

static void test_namesakes_and_new_names(void **state)
{
  (void)state;
  NameIndex *index = name_index_new();
  name_index_begin(index, 1);
  name_index_add(index, "a", "same");
  name_index_add(index, "b", "same");
  name_index_add(index, "c", "same");
  name_index_add(index, "b", "same"); /* once more on the next page */
  assert_true(name_index_page(index, TRUE));
  assert_ids(index, "same", "c b a ");
  name_index_begin(index, 2);
  name_index_add(index, "c", "other");
  name_index_add(index, "b", "other");
  name_index_add(index, "a", "same");
  assert_true(name_index_page(index, TRUE));
  assert_ids(index, "same", "a ");
  assert_ids(index, "other", "b c ");
  name_index_begin(index, 3);
  name_index_add(index, "c", "other");
  assert_true(name_index_page(index, TRUE));
  assert_ids(index, "same", "");
  assert_ids(index, "other", "c ");
  name_index_free(index);
}

static void test_it_is_read_whole_again_by_and_by(void **state)
{
  (void)state;
  NameIndex *index = read_whole(3500, 1);
  name_index_begin(index, (gint64)NAME_INDEX_AGE_US + 1);
  assert_false(read_page(index, 2500, PAGE, FALSE));
  name_index_free(index);
}

static void test_too_many_are_forgotten(void **state)
{
  (void)state;
  NameIndex *index = name_index_new();
  name_index_begin(index, 1);
  for (guint page = 0; page < NAME_INDEX_MOST / PAGE; page++)
    assert_false(read_page(index, page * PAGE, PAGE, FALSE));
  assert_int_equal(name_index_size(index), NAME_INDEX_MOST);
  assert_false(name_index_is_too_small(index, 1));
  assert_false(read_page(index, NAME_INDEX_MOST, 1, TRUE));
  assert_int_equal(name_index_size(index), 0);
  assert_ids(index, "n0", "");
  assert_true(name_index_is_too_small(index, 2));
  assert_false(name_index_is_too_small(index, (gint64)NAME_INDEX_AGE_US + 1));
  name_index_free(index);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_only_the_whole_list_is_known),
    cmocka_unit_test(test_one_page_is_enough_where_it_meets_the_known),
    cmocka_unit_test(test_a_gap_is_read_over),
    cmocka_unit_test(test_a_narrow_overlap_is_none),
    cmocka_unit_test(test_a_reading_broken_off_proves_nothing),
    cmocka_unit_test(test_the_whole_list_forgets_what_is_gone),
    cmocka_unit_test(test_namesakes_and_new_names),
    cmocka_unit_test(test_it_is_read_whole_again_by_and_by),
    cmocka_unit_test(test_too_many_are_forgotten),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
